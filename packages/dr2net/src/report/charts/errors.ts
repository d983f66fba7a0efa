/** Gradient errors over depth, a panel for each (α, β), a curve for each way of having the activations. */
import { dot, line, ruleY } from '@observablehq/plot';
import { colorsOf } from '../palette.ts';
import { type Chart, chart } from '../plot.ts';

/** One measured gradient error. */
export interface ErrorDot {
  readonly label: string;
  readonly alpha: number;
  readonly beta: number;
  readonly subBlocks: number;
  /** Relative error of the worst gradient; null where a number is none. */
  readonly error: number | null;
}

/** Errors beyond this are all alike: no digit is right. */
const worst = 10;
const short = (value: number) => String(Number(value.toPrecision(4)));

/** Gradient errors over depth: a chart for each (α, β), a curve for each way of having the activations. */
export function errorCharts(dots: readonly ErrorDot[]): Chart[] {
  const colors = colorsOf(dots.map(({ label }) => label));
  const legend = [...colors].map(([label, color]) => ({ label, color }));
  const panels = new Map<string, ErrorDot[]>();
  for (const point of dots) {
    const key = `${short(point.alpha)}, ${short(point.beta)}`;
    panels.set(key, [...(panels.get(key) ?? []), point]);
  }
  return [...panels].map(([place, points], index) => {
    const shown = points.map(({ error, label, ...point }) => ({
      ...point,
      label,
      color: colors.get(label),
      error: Math.min(error ?? worst, worst),
    }));
    return chart({
      title: `(α, β) = (${place})`,
      description: `Worst relative gradient error against float64 over the number of sub-blocks, at (${place})`,
      // Once is enough: the colours are the same in every panel.
      legend: index === 0 ? legend : [],
      width: 400,
      height: 240,
      x: { label: 'sub-blocks', ticks: [...new Set(points.map(({ subBlocks }) => subBlocks))], tickFormat: String },
      y: {
        type: 'log',
        domain: [1e-7, worst],
        label: 'worst relative gradient error',
        grid: true,
        ticks: [1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, worst],
        tickFormat: (value: number) => value.toExponential(0).replace('+', ''),
      },
      marks: [
        ruleY([1], { strokeOpacity: 0.4, strokeDasharray: '4 3' }),
        line(shown, { x: 'subBlocks', y: 'error', z: 'label', stroke: 'color', strokeWidth: 2 }),
        dot(shown, { x: 'subBlocks', y: 'error', fill: 'color', r: 3 }),
      ],
    });
  });
}
