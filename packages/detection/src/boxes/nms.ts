/**
 * Non-maximum suppression: of boxes that overlap, the one with the highest score stays. Greedy, as usual: by falling
 * score, a box is dropped where it overlaps one that stayed by more than the threshold. Of equal scores the first stays.
 */
import { type Boxes, boxCount } from './formats.ts';
import { boxIou } from './overlap.ts';

/** What {@link nms} is told. */
export interface NmsOptions {
  /** Intersection over union above which the lower score goes, 0 … 1. */
  readonly threshold: number;
  /** A class for each box [boxes]: boxes of different classes do not suppress one another. */
  readonly labels?: ArrayLike<number>;
}

function check(count: number, scores: ArrayLike<number>, { threshold, labels }: NmsOptions): void {
  if (!(threshold >= 0 && threshold <= 1)) throw new RangeError(`threshold is ${threshold}; it must be within 0 … 1.`);
  if (scores.length !== count) throw new RangeError(`${scores.length} scores for ${count} boxes; both must be equal.`);
  if (labels && labels.length !== count)
    throw new RangeError(`${labels.length} labels for ${count} boxes; both must be equal.`);
  for (let i = 0; i < count; i++)
    if (Number.isNaN(scores[i])) throw new RangeError(`Box ${i} has the score NaN; scores must be numbers.`);
}

/**
 * Non-maximum suppression: of boxes that overlap, the one with the highest score stays.
 * @param corners [boxes, 4] as [x1, y1, x2, y2]
 * @param scores [boxes]
 * @returns the indices of the boxes that stay, by falling score
 */
export function nms(corners: Boxes, scores: ArrayLike<number>, options: NmsOptions): Int32Array {
  const count = boxCount(corners);
  check(count, scores, options);
  const { threshold, labels } = options;
  const order = Int32Array.from({ length: count }, (_, i) => i).sort(
    (i, j) => (scores[j] as number) - (scores[i] as number) || i - j,
  );
  const box = (i: number) => Array.from({ length: 4 }, (_, k) => corners[4 * i + k] as number);
  const dropped = new Uint8Array(count);
  const kept: number[] = [];
  for (const [rank, i] of order.entries()) {
    if (dropped[i]) continue;
    kept.push(i);
    const later = order.subarray(rank + 1).filter((j) => !dropped[j] && (!labels || labels[i] === labels[j]));
    const overlaps = boxIou(box(i), Array.from(later, box).flat());
    for (const [at, j] of later.entries()) if ((overlaps[at] as number) > threshold) dropped[j] = 1;
  }
  return Int32Array.from(kept);
}
