/** The figures of a step benchmark beside each other, each also relative to plain TensorFlow.js in the same run. */
import { formatBytes } from '@dr2net/memory';
import { markdownTable } from '../markdown.ts';
import { spread } from '../statistics.ts';
import type { StepResult } from './run.ts';
import type { MeasuredName } from './settings.ts';

export interface StepRow {
  readonly measured: MeasuredName;
  readonly backend: string;
  readonly depth: number;
  /** Seconds a step. */
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly activationPeakBytes: number;
  readonly devicePeakBytes: number;
  readonly deviceKind: string;
  /** Relative to `plain` on the same backend at the same depth; absent where that was not measured. */
  readonly time?: number;
  readonly memory?: number;
  /** Time relative to `reversible`. */
  readonly toReversible?: number;
  readonly checks: readonly string[];
}

function checksOf(result: StepResult): string[] {
  const checks: string[] = [];
  if (result.forwardIdentical !== undefined)
    checks.push(result.forwardIdentical ? 'forward = pretrained, bit for bit' : 'FORWARD DIFFERS FROM PRETRAINED');
  if (result.rebuiltIdentical !== undefined)
    checks.push(result.rebuiltIdentical ? 'rebuilt bit for bit' : 'REBUILT STATE DIFFERS');
  if (result.growth.tensors !== 0 || result.growth.bytes !== 0)
    checks.push(`GROWS BY ${result.growth.tensors} TENSORS, ${result.growth.bytes} BYTES`);
  return checks;
}

export function stepRows(results: readonly StepResult[]): StepRow[] {
  return results.map((result) => {
    const { measured, depth, backend } = result.settings;
    const peer = (name: MeasuredName) =>
      results.find(
        ({ settings }) => settings.measured === name && settings.depth === depth && settings.backend === backend,
      );
    const [plain, reversible] = [peer('plain'), peer('reversible')];
    const times = spread(result.seconds);
    return {
      measured,
      backend,
      depth,
      ...times,
      activationPeakBytes: result.activationPeakBytes,
      devicePeakBytes: result.device.peakBytes,
      deviceKind: result.device.kind,
      ...(plain && {
        time: times.median / spread(plain.seconds).median,
        memory: result.activationPeakBytes / plain.activationPeakBytes,
      }),
      ...(reversible && { toReversible: times.median / spread(reversible.seconds).median }),
      checks: checksOf(result),
    };
  });
}

const seconds = (value: number) => (value < 1 ? `${(1000 * value).toFixed(0)} ms` : `${value.toFixed(2)} s`);

/** The columns that are left out where a step was timed too seldom to say anything. */
const timeColumns: readonly string[] = ['time a step', 'range', '× plain', '× reversible'];

/** The table in Markdown. */
export function stepTable(rows: readonly StepRow[], { times = true }: { times?: boolean } = {}): string {
  const head = [
    ...['backend', 'blocks', 'method', 'time a step', 'range', '× plain', '× reversible'],
    ...['activation peak', 'of plain', 'device peak', 'checks'],
  ];
  const body = rows.map((row) => [
    ...[row.backend, String(row.depth), row.measured, seconds(row.median), `${seconds(row.min)} … ${seconds(row.max)}`],
    row.time === undefined ? '–' : row.time.toFixed(2),
    row.toReversible === undefined ? '–' : row.toReversible.toFixed(2),
    formatBytes(row.activationPeakBytes),
    row.memory === undefined ? '–' : row.memory === 1 ? '1' : `1/${(1 / row.memory).toFixed(1)}`,
    `${formatBytes(row.devicePeakBytes)} (${row.deviceKind})`,
    row.checks.join('; '),
  ]);
  const shown = (_cell: string, column: number) => times || !timeColumns.includes(head[column] ?? '');
  return markdownTable(
    head.filter(shown),
    body.map((cells) => cells.filter(shown)),
  );
}
