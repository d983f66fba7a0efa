/** An evaluation of a segmentation for the progress line and for `--json`. */
import type { PointEvaluation } from '@dr2net/pointcloud';
import { formatPercent } from '../../report/format.ts';

const percent = (share: number | null) => (share === null ? '–' : formatPercent(share));

/** `mean IoU 71.2 % (tree 80.1 %, ground 62.3 %), accuracy 90.1 %` */
export function iouInWords({ meanIou, iou, labels, overallAccuracy }: PointEvaluation): string {
  const each = labels.map((label, k) => `${label} ${percent(iou[k] ?? null)}`);
  return `mean IoU ${percent(meanIou)} (${each.join(', ')}), accuracy ${percent(overallAccuracy)}`;
}

/** The evaluation without the class of every point. */
export function withoutClasses({ scenes, ...evaluation }: PointEvaluation): object {
  return { ...evaluation, scenes: scenes.map(({ classes: _, ...scene }) => scene) };
}
