/** `bench report`: the report of result files, of one folder or of several (backends that were measured apart, pages). */
import { join } from 'node:path';
import { memoryPictures, rowsOf } from 'bench-core';
import { readFailures, readLargest, readResults, resultTable, writeReport } from 'bench-core/node';
import type { Command } from 'commander';
import { existingPath, userPath } from 'jobs';
import { writePictures } from '../pictures.ts';

interface Flags {
  out?: string;
  title?: string;
  pictures?: true;
}

async function run(folders: readonly string[], { out, title, pictures }: Flags): Promise<void> {
  const paths = folders.map((folder) => existingPath('folder', folder));
  const results = paths.flatMap(readResults);
  const largest = paths.flatMap(readLargest);
  const failures = paths.flatMap(readFailures);
  if (results.length + largest.length + failures.length === 0)
    throw new Error(`There is no result (bench-….json, largest-….json) in ${folders.join(', ')}.`);
  const folder = out === undefined ? (paths[0] ?? '.') : userPath(out);
  writeReport(folder, results, { largest, failures, ...(title !== undefined && { title }) });
  for (const { name, charts } of pictures ? memoryPictures(rowsOf(results)) : [])
    await writePictures(folder, name, charts, { columns: 2 });
  process.stdout.write(resultTable(results, failures));
  process.stderr.write(`Report: ${join(folder, 'report.html')}\n`);
}

export function addReport(program: Command): void {
  program
    .command('report')
    .description(
      'report.html and bench.md anew from result files; the backend of the first is the one that others are compared with',
    )
    .argument('<folders...>', 'folders with results, of this machine or of others')
    .option('--out <folder>', 'where to write (default: the first folder)')
    .option('--title <title>', 'of the page')
    .option('--pictures', 'memory over a step of each setting as SVG and PNG, beside the report')
    .action(run);
}
