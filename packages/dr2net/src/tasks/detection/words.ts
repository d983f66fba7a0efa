/** An evaluation of a detector for the progress line, for tables and for `--json`. */
import type { CocoStats, DetectionEvaluation } from '@dr2net/detection';
import { formatPercent } from '../../report/format.ts';

export const percent = (share: number | null): string => (share === null ? '–' : formatPercent(share));

/** `COCO AP 31.2 % (AP50 60.1 %, AP75 28.0 %)` */
export const apInWords = ({ AP, AP50, AP75 }: CocoStats): string =>
  `COCO AP ${percent(AP)} (AP50 ${percent(AP50)}, AP75 ${percent(AP75)})`;

/** The evaluation without curves and without the objects of every image. */
export function figuresOf({ loss, images, labels, stats, categories }: DetectionEvaluation) {
  return { loss, images, labels, stats, categories };
}
