/** `bench report`: the report of result files, of one folder or of several (backends that were measured apart, pages). */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { backendNames } from '@dr2net/backends';
import { benchReport, checkResult, type ReportOptions, type Result, rowsOf, subjectNames, tableOf } from 'bench-core';
import type { Command } from 'commander';
import { existingPath, readJson, userPath, writeFileWhole } from 'jobs';
import { markdownTable } from '../markdown.ts';

const subjectOf = ({ case: { subject } }: Result) => subjectNames.indexOf(subject);
const orderOf = ({ case: { backend } }: Result) => backendNames.findIndex((name) => name === backend);

/** The results in a folder, backend by backend, the smaller sizes first; files of other commands are left alone. @throws ResultError */
export function readResults(folder: string): Result[] {
  return readdirSync(folder)
    .filter((name) => /^bench-.*\.json$/.test(name))
    .map((name) => checkResult(readJson<object>(join(folder, name)), join(folder, name)))
    .sort((a, b) => orderOf(a) - orderOf(b) || a.forwardFlops - b.forwardFlops || subjectOf(a) - subjectOf(b));
}

/** Writes report.html and bench.md into a folder, and gives the table. */
export function writeReport(folder: string, results: readonly Result[], options: ReportOptions = {}): string {
  const { head, body } = tableOf(rowsOf(results));
  const table = results.length === 0 ? '' : `${markdownTable(head, body)}\n`;
  writeFileWhole(join(folder, 'bench.md'), table);
  writeFileWhole(join(folder, 'report.html'), benchReport(results, options));
  return table;
}

interface Flags {
  out?: string;
  title?: string;
}

function run(folders: readonly string[], { out, title }: Flags): void {
  const paths = folders.map((folder) => existingPath('folder', folder));
  const results = paths.flatMap(readResults);
  if (results.length === 0) throw new Error(`There is no result (bench-….json) in ${folders.join(', ')}.`);
  const folder = out === undefined ? (paths[0] ?? '.') : userPath(out);
  process.stdout.write(writeReport(folder, results, title === undefined ? {} : { title }));
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
    .action(run);
}
