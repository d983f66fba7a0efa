/** How a benchmark ends, in Node and driven in a page: files, report, table on standard output, exit code. */
import { join } from 'node:path';
import { isError } from '../failure.ts';
import { resultSchema } from '../result.ts';
import { failed, rowsOf } from '../rows.ts';
import { tableOf } from '../table.ts';
import { readResults, resultTable, writeReport } from './files.ts';
import type { RunOutcome } from './run.ts';

export interface FinishOptions {
  readonly folder: string;
  readonly json?: boolean;
  /** Sentences of the report: backends that were absent. */
  readonly notes?: readonly string[];
}

/** @returns the exit code: 1 where something failed or could not be measured, but for a peer that does not fit */
export function finish({ results, failures }: RunOutcome, options: FinishOptions): number {
  const { folder, json = false, notes = [] } = options;
  // What other scenarios left in the folder stays in its report.
  writeReport(folder, readResults(folder), { notes });
  const rows = rowsOf(results);
  process.stderr.write(`Report: ${join(folder, 'report.html')}\n`);
  process.stdout.write(
    json
      ? `${JSON.stringify({ schema: resultSchema, kind: 'bench-table', ...tableOf(rows, failures), failures, results })}\n`
      : resultTable(results, failures),
  );
  return failures.some(isError) || rows.some(failed) ? 1 : 0;
}
