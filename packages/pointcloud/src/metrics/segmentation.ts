/** Metrics of segmentation from a confusion matrix. Fractions, not percent; null where nothing was counted. */

export interface SegmentationMetrics {
  /** Intersection over union of each class; null for one that is neither true nor predicted anywhere. */
  readonly iou: readonly (number | null)[];
  /** Share of each class's points that were found; null for a class without points. */
  readonly accuracy: readonly (number | null)[];
  /** Mean of `iou` over the classes that are true or predicted somewhere. */
  readonly meanIou: number | null;
  /** Mean of `accuracy` over the classes that have points. */
  readonly meanAccuracy: number | null;
  /** Share of all counted points that were right. */
  readonly overallAccuracy: number | null;
  /**
   * The means as OpenPoints computes them: a class that never occurs counts as 1. For comparison with published numbers
   * only.
   */
  readonly openPoints: { readonly meanIou: number; readonly meanAccuracy: number };
  /** [true class][predicted class], counts. */
  readonly confusion: readonly (readonly number[])[];
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

function meanOf(values: readonly (number | null)[]): number | null {
  const present = values.filter((value) => value !== null);
  return present.length === 0 ? null : sum(present) / present.length;
}

const ratio = (part: number, whole: number) => (whole === 0 ? null : part / whole);
/** OpenPoints keeps its divisions defined by this much on both sides. */
const epsilon = 1e-10;
const padded = (part: number, whole: number) => (part + epsilon) / (whole + epsilon);

/**
 * IoU and accuracy of each class, and their means, from a confusion matrix: fractions, null where nothing was counted.
 * @param confusion [true class][predicted class], counts
 */
export function segmentationMetrics(confusion: readonly (readonly number[])[]): SegmentationMetrics {
  const hits = confusion.map((row, k) => row[k] as number);
  const truths = confusion.map(sum);
  const predicted = confusion.map((_, k) => sum(confusion.map((row) => row[k] as number)));
  const unions = hits.map((hit, k) => (truths[k] as number) + (predicted[k] as number) - hit);
  const iou = hits.map((hit, k) => ratio(hit, unions[k] as number));
  const accuracy = hits.map((hit, k) => ratio(hit, truths[k] as number));
  return {
    iou,
    accuracy,
    meanIou: meanOf(iou),
    meanAccuracy: meanOf(accuracy),
    overallAccuracy: ratio(sum(hits), sum(truths)),
    openPoints: {
      meanIou: sum(hits.map((hit, k) => padded(hit, unions[k] as number))) / hits.length,
      meanAccuracy: sum(hits.map((hit, k) => padded(hit, truths[k] as number))) / hits.length,
    },
    confusion,
  };
}
