/** COCO's numbers as a table: average precision by overlap and by size of object, over all classes and of each. */
import type { CategoryEvaluation, CocoStats } from '@dr2net/detection';
import { formatPercent } from '../format.ts';
import { type Html, html, table } from '../html.ts';

const percent = (share: number | null) => (share === null ? '–' : formatPercent(share));

export const precisionHead = ['class', 'objects', 'AP', 'AP50', 'AP75', 'AP small', 'AP medium', 'AP large', 'AR'];

function row(name: string, objects: number, stats: CocoStats): (string | number)[] {
  const { AP, AP50, AP75, APSmall, APMedium, APLarge, AR100 } = stats;
  return [name, objects, ...[AP, AP50, AP75, APSmall, APMedium, APLarge, AR100].map(percent)];
}

/** A row over all classes, and one of each; – where no object counts. */
export function precisionRows(stats: CocoStats, categories: readonly CategoryEvaluation[]): (string | number)[][] {
  const objects = categories.reduce((sum, { truths }) => sum + truths, 0);
  return [
    row('all', objects, stats),
    ...categories.map(({ name, truths, stats: own }) => row(name ?? '', truths, own)),
  ];
}

export function precisionTable(stats: CocoStats, categories: readonly CategoryEvaluation[]): Html {
  return html`<h2>Average precision</h2>
<p>AP is the mean over overlaps (IoU) of 0.5, 0.55 … 0.95; AP50 and AP75 are at one of them. Small objects have less than 32² pixels, large ones more than 96². AR is the recall of at most 100 objects an image.</p>
${table(precisionHead, precisionRows(stats, categories))}`;
}
