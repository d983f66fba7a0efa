/** Predictions beside measurements, as a table and in a line. */
import { formatBytes } from '@dr2net/memory';
import { markdownTable } from 'bench-core/markdown';
import { median } from 'bench-core/statistics';

import type { Compared } from './run.ts';

/** What the prediction may be off by. */
export const tolerance = 0.1;

const percent = (value: number) => `${value < 0 ? '−' : '+'}${(100 * Math.abs(value)).toFixed(1)} %`;

export function planTable(results: readonly Compared[]): string {
  const head = ['setting', 'activations: metered', 'predicted', '', 'device: measured', 'predicted', '', 'within 10 %'];
  const body = results.map(({ name, measured, predicted, error }) => [
    name,
    formatBytes(measured.activationPeakBytes),
    formatBytes(predicted.activationPeakBytes),
    percent(predicted.activationPeakBytes / measured.activationPeakBytes - 1),
    formatBytes(measured.deviceBytes),
    formatBytes(predicted.deviceBytes),
    percent(error),
    Math.abs(error) <= tolerance ? 'yes' : 'NO',
  ]);
  return markdownTable(head, body);
}

/** `node: 27 of 29 within 10 %, median 3.1 %, worst −12.0 % (…)` */
export function planSummary(backend: string, results: readonly Compared[]): string {
  const sizes = results.map(({ error }) => Math.abs(error));
  const worst = results[sizes.indexOf(Math.max(...sizes))];
  if (!worst) return `${backend}: nothing was measured`;
  const within = sizes.filter((size) => size <= tolerance).length;
  return `${backend}: ${within} of ${results.length} within 10 %, median ${(100 * median(sizes)).toFixed(1)} %, worst ${percent(worst.error)} (${worst.name})`;
}
