/** Predicted against measured memory: a point a setting, the diagonal, and the band that was aimed at. */
import { formatBytes } from '@dr2net/memory';
import { areaY, dot, lineY } from '@observablehq/plot';
import { colorsOf } from '../palette.ts';
import { type Chart, chart } from '../plot.ts';

/** One setting, predicted and measured. */
export interface PredictionPoint {
  readonly name: string;
  /** What its colour stands for: the method. */
  readonly label: string;
  readonly measuredBytes: number;
  readonly predictedBytes: number;
}

/**
 * Predicted against measured memory: a point a setting, the diagonal, and the band of the tolerance (a share, such as 0.1).
 * @param tolerance half the width of the band, e.g. 0.1
 */
export function predictionChart(title: string, points: readonly PredictionPoint[], tolerance: number): Chart {
  const colors = colorsOf(points.map(({ label }) => label));
  const values = points.flatMap(({ measuredBytes, predictedBytes }) => [measuredBytes / 1e6, predictedBytes / 1e6]);
  const [low, high] = [0.85 * Math.min(...values), 1.15 * Math.max(...values)];
  const ends = [low, high];
  return chart({
    title,
    description: `Predicted against measured device memory of ${points.length} settings, with a band of ${100 * tolerance} per cent`,
    legend: [...colors].map(([label, color]) => ({ label, color })),
    width: 500,
    height: 400,
    x: { type: 'log', domain: ends, label: 'measured device peak (MB)', grid: true, ticks: 6, tickFormat: '~g' },
    y: { type: 'log', domain: ends, label: 'predicted (MB)', grid: true, ticks: 6, tickFormat: '~g' },
    marks: [
      areaY(ends, {
        x: (x: number) => x,
        y1: (x: number) => x * (1 - tolerance),
        y2: (x: number) => x * (1 + tolerance),
        fill: 'currentColor',
        fillOpacity: 0.1,
        clip: true,
      }),
      lineY(ends, { x: (x: number) => x, y: (x: number) => x, stroke: 'currentColor', strokeOpacity: 0.4 }),
      dot(points, {
        x: ({ measuredBytes }: PredictionPoint) => measuredBytes / 1e6,
        y: ({ predictedBytes }: PredictionPoint) => predictedBytes / 1e6,
        fill: ({ label }: PredictionPoint) => colors.get(label) ?? 'currentColor',
        r: 4,
        title: ({ name, measuredBytes, predictedBytes }: PredictionPoint) =>
          `${name}: ${formatBytes(predictedBytes)} predicted, ${formatBytes(measuredBytes)} measured`,
      }),
    ],
  });
}
