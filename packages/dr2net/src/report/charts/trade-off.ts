/** Memory against time of one setting: a point a method. Down and to the left is better. */
import { dot, line } from '@observablehq/plot';
import { colorsOf } from '../palette.ts';
import { type Chart, chart } from '../plot.ts';

/** A method's time and memory. */
export interface TradeOffPoint {
  readonly label: string;
  readonly seconds: number;
  readonly bytes: number;
}

/** The points that no other beats in both, by time. */
export function paretoFront(points: readonly TradeOffPoint[]): TradeOffPoint[] {
  let least = Number.POSITIVE_INFINITY;
  return [...points]
    .sort((a, b) => a.seconds - b.seconds || a.bytes - b.bytes)
    .filter(({ bytes }) => {
      const better = bytes < least;
      least = Math.min(least, bytes);
      return better;
    });
}

/** Memory against time of one setting: a point a method; down and to the left is better. Undefined for fewer than two. */
export function tradeOffChart(
  points: readonly TradeOffPoint[],
  {
    title,
    description,
    labels,
  }: { readonly title: string; readonly description: string; readonly labels?: readonly string[] },
): Chart | undefined {
  if (points.length < 2) return undefined;
  const colors = colorsOf(labels ?? points.map(({ label }) => label));
  const place = (point: TradeOffPoint) => ({
    ...point,
    x: point.seconds,
    y: point.bytes / 1e6,
    color: colors.get(point.label),
  });
  const places = points.map(place);
  const [fastest, slowest] = [Math.min, Math.max].map((pick) => pick(...points.map(({ seconds }) => seconds)));
  return chart({
    title,
    description,
    legend: places.map(({ label, color }) => ({ label, color: color ?? 'currentColor' })),
    marginRight: 24,
    x: {
      type: 'log',
      label: 'time a step (s)',
      grid: true,
      ticks: 5,
      tickFormat: '~g',
      domain: [fastest! / 1.3, slowest! * 1.3],
    },
    y: { type: 'log', label: 'activation peak (MB)', grid: true, nice: true, ticks: 5, tickFormat: '~g' },
    marks: [
      line(paretoFront(points).map(place), {
        x: 'x',
        y: 'y',
        stroke: 'currentColor',
        strokeOpacity: 0.35,
        strokeDasharray: '4 3',
        curve: 'step-after',
      }),
      dot(places, {
        x: 'x',
        y: 'y',
        fill: 'color',
        r: 5,
        title: ({ label, x, y }: (typeof places)[number]) => `${label}: ${x.toPrecision(3)} s, ${y.toPrecision(3)} MB`,
      }),
    ],
  });
}
