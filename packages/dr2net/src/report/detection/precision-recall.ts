/** Precision against recall of each class, at one overlap. */
import { type DetectionEvaluation, precisionRecall } from '@dr2net/detection';
import { line } from '@observablehq/plot';
import { formatPercent } from '../format.ts';
import { type Chart, chart } from '../plot.ts';
import { classColours } from './colours.ts';

/** More curves than this cannot be told apart; the classes with the most objects are drawn. */
const mostCurves = 12;

/**
 * @param threshold intersection over union from which an object is found: 0.5, 0.55 … 0.95
 * @returns undefined where no object counts
 */
export function precisionRecallChart(evaluation: DetectionEvaluation, threshold: number): Chart | undefined {
  const colours = classColours(evaluation.labels);
  const most = [...evaluation.categories].sort((a, b) => b.truths - a.truths).slice(0, mostCurves);
  const curves = most.flatMap(({ id, name = '' }) => {
    const { recall, precision } = precisionRecall(evaluation, { category: id, threshold });
    if (!precision) return [];
    const mean = precision.reduce((sum, value) => sum + value, 0) / precision.length;
    const colour = colours[evaluation.labels.indexOf(name)] ?? 'currentColor';
    const points = recall.map((x, i) => ({ x, y: precision[i] as number, colour, name }));
    return [{ label: `${name} ${formatPercent(mean)}`, color: colour, points }];
  });
  if (curves.length === 0) return undefined;
  const percent = Math.round(100 * threshold);
  return chart({
    title: `Precision and recall, AP${percent}`,
    description: `Precision against recall of each class, objects found where they overlap by ${threshold} or more`,
    legend: curves,
    x: { label: 'recall (%)', percent: true, domain: [0, 100] },
    y: { label: 'precision (%)', percent: true, domain: [0, 100], grid: true },
    marks: [
      line(
        curves.flatMap(({ points }) => points),
        { x: 'x', y: 'y', z: 'name', stroke: 'colour', strokeWidth: 2 },
      ),
    ],
  });
}
