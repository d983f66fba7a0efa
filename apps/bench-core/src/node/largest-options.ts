/** `largest` on a command line, in Node and for pages: its options, and how it ends. */
import { join } from 'node:path';
import { parseBytes } from '@dr2net/memory';
import { type Command, InvalidArgumentError } from 'commander';
import { writeFileWhole } from 'jobs';
import { type LargestResult, largestHead, largestRows, largestTableKind } from '../largest/result.ts';
import { type AxisName, axisNames, type LargestSettings } from '../largest/search.ts';
import { markdownTable } from '../markdown.ts';
import { known } from '../nearest.ts';
import { resultSchema } from '../result.ts';
import { defaultLargestMethods, type MethodName, methodNames } from '../subjects/names.ts';
import { writeReport } from './files.ts';
import { count, names } from './options.ts';

export interface LargestFlags {
  limit: number;
  axis: AxisName[];
  method: MethodName[];
  width?: number;
  heads?: number;
  proveSeconds: number;
  out?: string;
  again?: true;
  json?: true;
}

function bytes(text: string): number {
  try {
    return parseBytes(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

export function addLargestOptions(command: Command): Command {
  return command
    .option('--limit <size>', 'what the device may give out, such as 1GB', bytes, 1e9)
    .option(
      '--axis <list>',
      axisNames.join(', '),
      names((given) => known('axis', given, axisNames)),
      [...axisNames],
    )
    .option(
      '--method <list>',
      methodNames.join(', '),
      names((given) => known('method', given, methodNames)),
      [...defaultLargestMethods],
    )
    .option('--width <n>', 'instead of 384', count(1))
    .option('--heads <n>', 'instead of 6', count(1))
    .option('--prove-seconds <n>', 'a size whose two steps would take longer is not run but predicted', count(0), 120)
    .option('--out <folder>', 'folder of the result files (default: results/<date>-<adapter>)')
    .option('--again', 'search again what has a file')
    .option('--json', 'print one JSON object on standard output, everything else on standard error');
}

/** @throws Error where there is no backend */
export function largestAsked(flags: LargestFlags, backends: readonly string[]): LargestSettings[] {
  if (backends.length === 0) throw new Error('Nothing to search: none of the backends is there.');
  return backends.flatMap((backend) =>
    flags.axis.flatMap((axis) =>
      flags.method.map((method) => ({
        ...{ backend, axis, method, limitBytes: flags.limit },
        ...(flags.width !== undefined && { width: flags.width }),
        ...(flags.heads !== undefined && { heads: flags.heads }),
      })),
    ),
  );
}

export interface FinishLargestOptions {
  readonly folder: string;
  readonly json?: boolean;
  /** Sentences of the report: backends that were absent. */
  readonly notes?: readonly string[];
}

/** Files, report, table on standard output. @returns the exit code: 1 where a proof failed */
export function finishLargest(results: readonly LargestResult[], options: FinishLargestOptions): number {
  const { folder, json = false, notes = [] } = options;
  const table = `${markdownTable(largestHead, largestRows(results))}\n`;
  writeFileWhole(join(folder, 'largest.md'), table);
  writeReport(folder, undefined, { notes });
  process.stderr.write(`Report: ${join(folder, 'report.html')}\n`);
  process.stdout.write(json ? `${JSON.stringify({ schema: resultSchema, kind: largestTableKind, results })}\n` : table);
  return results.some(({ failure }) => failure !== undefined) ? 1 : 0;
}
