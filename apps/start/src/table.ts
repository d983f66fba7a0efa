/** The figures at the end of the example. */
import { formatBytes, formatDuration } from '@dr2net/memory';
import { type ComparisonRow, formatPercent } from 'dr2net/report';
import type { PlainFigures } from './plain.ts';

const head = ['method', 'top-1', 'activation peak', 'device peak', 'time a step', 'of plain: memory', 'time'];

const optional = <T>(value: T | undefined, format: (value: T) => string) => (value === undefined ? '–' : format(value));

/** Lines of a text table; `plain` adds a row of its own and the ratios to it. */
export function resultTable(rows: readonly ComparisonRow[], plain?: PlainFigures): string[] {
  const cells = rows.map((row) => [
    row.label,
    optional(row.scores[0], (score) => formatPercent(score)),
    optional(row.activationBytes, formatBytes),
    optional(row.deviceBytes, formatBytes),
    optional(row.secondsPerStep, formatDuration),
    optional(
      plain && row.activationBytes && plain.activationBytes / row.activationBytes,
      (ratio) => `1/${ratio.toFixed(0)}`,
    ),
    optional(plain && row.secondsPerStep && row.secondsPerStep / plain.seconds, (ratio) => `× ${ratio.toFixed(2)}`),
  ]);
  if (plain)
    cells.push([
      'plain TensorFlow.js',
      '(not trained)',
      formatBytes(plain.activationBytes),
      optional(plain.deviceBytes, formatBytes),
      `${formatDuration(plain.seconds)} *`,
      '1',
      '1',
    ]);
  const widths = head.map((name, column) => Math.max(name.length, ...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('   ')
      .trimEnd();
  return [line(head), widths.map((width) => '─'.repeat(width)).join('   '), ...cells.map(line)];
}
