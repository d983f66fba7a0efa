/** The confusion matrix: rows are the truth, columns what was predicted, shaded by the fraction of the row. */
import { cell, text } from '@observablehq/plot';
import { formatPercent } from '../format.ts';
import { accent } from '../palette.ts';
import { type Chart, chart } from '../plot.ts';
import type { EvaluationRecord } from '../run-log.ts';

/** Beyond this many classes the counts are not legible and only the shades are drawn. */
const mostCounts = 20;

/** undefined for detections, and beyond 60 classes: no cell would be large enough to see. */
export function confusionChart({ classes, confusion }: EvaluationRecord): Chart | undefined {
  if (!confusion || classes.length === 0 || classes.length > 60) return undefined;
  const cells = confusion.flatMap((row, truth) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    return row.map((count, prediction) => ({
      truth: classes[truth]!,
      prediction: classes[prediction]!,
      count,
      share: total === 0 ? 0 : count / total,
      note: `${classes[truth]} taken for ${classes[prediction]}: ${count} of ${total} (${formatPercent(total === 0 ? 0 : count / total)})`,
    }));
  });
  const longest = Math.max(...classes.map(({ length }) => length));
  const side = Math.max(18, Math.min(48, 420 / classes.length));
  const margin = 24 + 6.6 * longest;
  return chart({
    title: 'Confusion matrix',
    description: 'How many clips or points of each class (rows) were taken for each class (columns)',
    width: margin + side * classes.length + 16,
    height: margin + side * classes.length + 24,
    marginLeft: margin,
    marginBottom: margin,
    marginRight: 16,
    x: { label: 'predicted', domain: classes, tickRotate: -45 },
    y: { label: 'truth', domain: classes },
    marks: [
      cell(cells, {
        x: 'prediction',
        y: 'truth',
        fill: accent,
        fillOpacity: 'share',
        stroke: 'currentColor',
        strokeOpacity: 0.15,
        title: 'note',
        inset: 0.5,
      }),
      ...(classes.length <= mostCounts
        ? [
            text(cells, {
              x: 'prediction',
              y: 'truth',
              text: ({ count }: { count: number }) => (count === 0 ? '' : String(count)),
              pointerEvents: 'none',
            }),
          ]
        : []),
    ],
    opacity: { type: 'identity' },
  });
}
