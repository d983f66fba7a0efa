/** Values over a size: one curve a label, each point one measurement. */
import { dot, line } from '@observablehq/plot';
import { colorsOf } from '../palette.ts';
import { type Chart, chart } from '../plot.ts';

/** A measurement of {@link seriesChart}. */
export interface SeriesPoint {
  readonly label: string;
  readonly x: number;
  readonly y: number;
  /** Shown beside the pointer. */
  readonly note: string;
}

/** Words and scales of {@link seriesChart}. */
export interface SeriesOptions {
  readonly title: string;
  readonly description: string;
  readonly xLabel: string;
  readonly yLabel: string;
  /** Labels of all charts of a page, in the order that gives their colours; default: those of the points. */
  readonly labels?: readonly string[];
}

/** Both axes are logarithmic: what is proportional is a straight line, what does not grow a level one. Points of values that are no number, or not above 0, are left out. */
export function seriesChart(points: readonly SeriesPoint[], options: SeriesOptions): Chart | undefined {
  const shown = points.filter(({ x, y }) => x > 0 && y > 0 && Number.isFinite(x) && Number.isFinite(y));
  if (shown.length === 0) return undefined;
  const { title, description, xLabel, yLabel, labels = shown.map(({ label }) => label) } = options;
  const colors = colorsOf(labels);
  const drawn = shown.map((point) => ({ ...point, color: colors.get(point.label) })).sort((a, b) => a.x - b.x);
  const present = new Set(shown.map(({ label }) => label));
  const xs = [...new Set(drawn.map(({ x }) => x))];
  return chart({
    title,
    description,
    legend: [...colors].filter(([label]) => present.has(label)).map(([label, color]) => ({ label, color })),
    x: { type: 'log', label: xLabel, ticks: xs, tickFormat: String },
    y: { type: 'log', label: yLabel, grid: true, nice: true, ticks: 5, tickFormat: '~g' },
    marks: [
      line(drawn, { x: 'x', y: 'y', z: 'label', stroke: 'color', strokeWidth: 2 }),
      dot(drawn, { x: 'x', y: 'y', fill: 'color', r: 3, title: 'note' }),
    ],
  });
}
