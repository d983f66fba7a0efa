/** COCO's twelve numbers, over all categories or over one. */
import type { CocoCurves } from './curves.ts';
import { cocoLimits, cocoRecalls, cocoSizes, cocoThresholds } from './parameters.ts';

/** Fractions 0 … 1; null where no object counts (pycocotools has −1 there). */
export interface CocoStats {
  /** Average precision: the mean over thresholds 0.5 … 0.95, recalls and categories, of up to 100 detections. */
  readonly AP: number | null;
  readonly AP50: number | null;
  readonly AP75: number | null;
  /** Objects below 32², between, and above 96² pixels. */
  readonly APSmall: number | null;
  readonly APMedium: number | null;
  readonly APLarge: number | null;
  /** Average recall of up to 1, 10 and 100 detections of an image and category. */
  readonly AR1: number | null;
  readonly AR10: number | null;
  readonly AR100: number | null;
  readonly ARSmall: number | null;
  readonly ARMedium: number | null;
  readonly ARLarge: number | null;
}

const all = <T>(list: readonly T[]) => list.map((_, i) => i);

function mean(values: readonly number[]): number | null {
  const defined = values.filter((value) => value !== -1);
  return defined.length === 0 ? null : defined.reduce((sum, value) => sum + value, 0) / defined.length;
}

/** @param categories indices of those that are averaged */
export function cocoStats(curves: CocoCurves, categories: readonly number[]): CocoStats {
  const most = cocoLimits.length - 1;
  const precision = (size: number, thresholds = all(cocoThresholds)) =>
    mean(
      thresholds.flatMap((t) =>
        all(cocoRecalls).flatMap((r) =>
          categories.map((k) => curves.precision[curves.precisionAt(t, r, k, size, most)] as number),
        ),
      ),
    );
  const recall = (size: number, limit = most) =>
    mean(
      all(cocoThresholds).flatMap((t) =>
        categories.map((k) => curves.recall[curves.recallAt(t, k, size, limit)] as number),
      ),
    );
  const [every, small, medium, large] = all(cocoSizes) as [number, number, number, number];
  return {
    AP: precision(every),
    AP50: precision(every, [0]),
    AP75: precision(every, [5]),
    APSmall: precision(small),
    APMedium: precision(medium),
    APLarge: precision(large),
    AR1: recall(every, 0),
    AR10: recall(every, 1),
    AR100: recall(every, 2),
    ARSmall: recall(small),
    ARMedium: recall(medium),
    ARLarge: recall(large),
  };
}
