/** Differences from a reference, paired by seed: a dot a seed, the mean, and its 95 % interval, one row a way of training. */
import { dot, link, ruleX } from '@observablehq/plot';
import { accent } from '../palette.ts';
import { type Chart, chart } from '../plot.ts';
import type { PairedDifference } from '../statistics.ts';

/** A row of {@link differenceChart}: a way of training and its paired differences. */
export interface DifferenceRow {
  readonly label: string;
  readonly difference: PairedDifference;
}

/**
 * Differences from a reference, paired by seed: a dot a seed, the mean and its 95 % interval, one row a way of training.
 * @param axis what differs, with its unit
 */
export function differenceChart(title: string, axis: string, rows: readonly DifferenceRow[]): Chart {
  const seeds = rows.flatMap(({ label, difference }) => difference.differences.map((x) => ({ label, x })));
  const means = rows.map(({ label, difference: { mean, half = 0 } }) => ({
    label,
    x: mean,
    low: mean - half,
    high: mean + half,
  }));
  return chart({
    title,
    description: `${axis}, of ${rows.length} ways of training, each seed and the mean with its 95 per cent interval`,
    width: 430,
    height: 80 + 26 * rows.length,
    marginLeft: 120,
    x: { label: axis, grid: true, ticks: 6 },
    y: { type: 'point', domain: rows.map(({ label }) => label), label: null, padding: 0.6 },
    marks: [
      ruleX([0], { stroke: 'currentColor', strokeOpacity: 0.6 }),
      dot(seeds, { x: 'x', y: 'label', fill: 'currentColor', fillOpacity: 0.35, r: 3 }),
      link(means, { x1: 'low', x2: 'high', y1: 'label', y2: 'label', stroke: accent, strokeWidth: 2.5 }),
      dot(means, { x: 'x', y: 'label', fill: accent, r: 5 }),
    ],
  });
}
