/** Folders of result files and their report. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { backendNames } from '@dr2net/backends';
import { readJson, writeFileWhole } from 'jobs';
import { checkFailure, type Failure, type FailureResult } from '../failure.ts';
import { checkLargest, type LargestResult, largestTableKind } from '../largest/result.ts';
import { markdownTable } from '../markdown.ts';
import { benchReport, type ReportOptions } from '../report/report.ts';
import { checkResult, type Result } from '../result.ts';
import { rowsOf } from '../rows.ts';
import { subjectNames } from '../subjects/names.ts';
import { tableOf } from '../table.ts';

const subjectOf = ({ case: { subject } }: Result) => subjectNames.indexOf(subject);
const orderOf = ({ case: { backend } }: Result) => (backendNames as readonly string[]).indexOf(backend);

/** Of one file: a result, or what a page gave for download, all of its results together. */
function resultsIn<R>(path: string, together: string, check: (value: unknown, from: string) => R): R[] {
  const read = readJson<{ readonly kind?: string; readonly results?: readonly unknown[] }>(path);
  if (read?.kind !== together || !read.results) return [check(read, path)];
  return read.results.map((result, index) => check(result, `${path}, result ${index + 1}`));
}

/** The results in a folder, backend by backend, the smaller sizes first; files of other commands are left alone. @throws ResultError */
export function readResults(folder: string): Result[] {
  return readdirSync(folder)
    .filter((name) => /^bench.*\.json$/.test(name))
    .flatMap((name) => resultsIn(join(folder, name), 'bench-results', checkResult))
    .sort((a, b) => orderOf(a) - orderOf(b) || a.forwardFlops - b.forwardFlops || subjectOf(a) - subjectOf(b));
}

/** Those of `bench largest` in a folder, and what a page gave for download of them. @throws ResultError */
export function readLargest(folder: string): LargestResult[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /^largest-.*\.json$/.test(name))
    .sort()
    .flatMap((name) => resultsIn(join(folder, name), largestTableKind, checkLargest));
}

/** Cases in a folder that could not be measured. @throws ResultError */
export function readFailures(folder: string): FailureResult[] {
  return readdirSync(folder)
    .filter((name) => /^failed-bench.*\.json$/.test(name))
    .sort()
    .map((name) => checkFailure(readJson(join(folder, name)), join(folder, name)));
}

/** The rows as Markdown; nothing where there are none. */
export function resultTable(results: readonly Result[], failures: readonly Failure[] = []): string {
  const { head, body } = tableOf(rowsOf(results), failures);
  return body.length === 0 ? '' : `${markdownTable(head, body)}\n`;
}

/** Writes report.html, and bench.md where there are rows, into a folder. What `bench largest` found there is a section of the report. */
export function writeReport(
  folder: string,
  results: readonly Result[] = readResults(folder),
  options: ReportOptions = {},
): void {
  const { failures = existsSync(folder) ? readFailures(folder) : [] } = options;
  const table = resultTable(results, failures);
  if (table) writeFileWhole(join(folder, 'bench.md'), table);
  writeFileWhole(
    join(folder, 'report.html'),
    benchReport(results, { largest: readLargest(folder), ...options, failures }),
  );
}
