/** The memory of a training step against how far its coefficients lead away from the pretrained network. */
import { dot, line, text } from '@observablehq/plot';
import { colorsOf } from '../palette.ts';
import { type Chart, chart } from '../plot.ts';

/** One method at one β: its memory and how far it leads away. */
export interface FrontierDot {
  /** A method. */
  readonly label: string;
  readonly beta: number;
  /** Relative change of the output against the pretrained network's; 0 is drawn at the left edge. */
  readonly departure: number;
  readonly activationPeakBytes: number;
}

function fraction(beta: number): string {
  const inverse = 1 / beta;
  return inverse > 1 && Number.isInteger(inverse) ? `1/${inverse}` : `${beta}`;
}

/** The memory of a training step against how far its coefficients lead away from the pretrained network. */
export function frontierChart(dots: readonly FrontierDot[]): Chart {
  const colors = colorsOf(dots.map(({ label }) => label));
  const positive = dots.map(({ departure }) => departure).filter((departure) => departure > 0);
  const left = 10 ** Math.floor(Math.log10(Math.min(...positive)) - 0.5);
  const points = dots.map((point) => ({
    ...point,
    x: Math.max(point.departure, left),
    y: point.activationPeakBytes / 1e6,
    color: colors.get(point.label),
    note: fraction(point.beta),
  }));
  const [curve, still] = [
    points.filter(({ departure }) => departure > 0),
    points.filter(({ departure }) => departure === 0),
  ];
  const last = curve.at(-1)?.label;
  return chart({
    title: 'Memory against departure from the pretrained network',
    description: 'Activation peak of one training step over the relative change of the output, one point a coefficient',
    legend: [...colors].map(([label, color]) => ({ label, color })),
    width: 860,
    height: 380,
    marginRight: 40,
    x: {
      type: 'log',
      label: 'relative change of the output at (1 − β, β); at the left edge: none. Beside the points: β',
      grid: true,
      tickFormat: (value: number) => (Number.isInteger(Math.log10(value)) ? `${value}` : ''),
    },
    y: { type: 'log', label: 'activation peak (MB)', grid: true, nice: true },
    marks: [
      line(curve, { x: 'x', y: 'y', z: 'label', stroke: 'color' }),
      dot(points, { x: 'x', y: 'y', fill: 'color', r: 4 }),
      text(
        curve.filter(({ label }) => label !== last),
        { x: 'x', y: 'y', text: 'note', dy: -14, fontSize: 11 },
      ),
      text(
        curve.filter(({ label }) => label === last),
        { x: 'x', y: 'y', text: 'note', dy: 14, fontSize: 11 },
      ),
      text(still, { x: 'x', y: 'y', text: 'label', dx: 10, textAnchor: 'start', fontSize: 11 }),
    ],
  });
}
