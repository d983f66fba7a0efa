/** Losses between predicted and true boxes, one pair a row, as [cx, cy, w, h]: L1, and 1 − GIoU, with their gradients. */
import { type Boxes, boxCount } from '../boxes/formats.ts';

/** A loss for each pair of boxes, with its gradient. */
export interface BoxLosses {
  /** [pairs]. */
  readonly loss: Float64Array;
  /** Of each loss with respect to the predicted box [pairs, 4]. */
  readonly gradient: Float64Array;
}

function pairCount(predicted: Boxes, target: Boxes): number {
  const count = boxCount(predicted);
  if (boxCount(target) !== count)
    throw new RangeError(`${count} predicted boxes and ${boxCount(target)} true ones; they must be pairs.`);
  return count;
}

/** Sum of the four distances; the gradient is 0 where a coordinate is met. */
export function l1Loss(predicted: Boxes, target: Boxes): BoxLosses {
  const loss = new Float64Array(pairCount(predicted, target));
  const gradient = new Float64Array(predicted.length);
  for (let i = 0; i < predicted.length; i++) {
    const difference = (predicted[i] as number) - (target[i] as number);
    loss[i >> 2] = (loss[i >> 2] as number) + Math.abs(difference);
    gradient[i] = Math.sign(difference);
  }
  return { loss, gradient };
}

/** d max(a, b) / da: the larger one has it, half each where both are equal. */
const share = (a: number, b: number) => (a > b ? 1 : a === b ? 0.5 : 0);

/** One axis of a pair: how long overlap and hull are, and their derivatives by the predicted low and high edge. */
function axis(centre: number, size: number, targetCentre: number, targetSize: number) {
  const [low, high] = [centre - size / 2, centre + size / 2];
  const [targetLow, targetHigh] = [targetCentre - targetSize / 2, targetCentre + targetSize / 2];
  const overlap = Math.min(high, targetHigh) - Math.max(low, targetLow);
  const touches = overlap > 0 ? 1 : 0;
  return {
    overlap: Math.max(0, overlap),
    overlapByLow: -touches * share(low, targetLow),
    overlapByHigh: touches * share(targetHigh, high),
    hull: Math.max(high, targetHigh) - Math.min(low, targetLow),
    hullByLow: -share(targetLow, low),
    hullByHigh: share(high, targetHigh),
  };
}

/** 1 − GIoU, 0 … 2. Where union or hull have no area, that part counts as 0 and has no gradient. */
export function giouLoss(predicted: Boxes, target: Boxes): BoxLosses {
  const count = pairCount(predicted, target);
  const loss = new Float64Array(count);
  const gradient = new Float64Array(predicted.length);
  for (let i = 0; i < count; i++) {
    const [cx, cy, w, h] = [0, 1, 2, 3].map((k) => predicted[4 * i + k]) as [number, number, number, number];
    const [tx, ty, tw, th] = [0, 1, 2, 3].map((k) => target[4 * i + k]) as [number, number, number, number];
    const [x, y] = [axis(cx, w, tx, tw), axis(cy, h, ty, th)];
    const shared = x.overlap * y.overlap;
    const union = w * h + tw * th - shared;
    const hull = x.hull * y.hull;
    // GIoU = shared / union + union / hull − 1.
    loss[i] = 1 - (union > 0 ? shared / union : 0) + (hull > 0 ? 1 - union / hull : 0);
    const bySharedAlone = union > 0 ? -1 / union : 0;
    const byUnion = (union > 0 ? shared / union ** 2 : 0) - (hull > 0 ? 1 / hull : 0);
    const byHull = hull > 0 ? union / hull ** 2 : 0;
    const byShared = bySharedAlone - byUnion;
    const xLow = byShared * x.overlapByLow * y.overlap + byHull * x.hullByLow * y.hull;
    const xHigh = byShared * x.overlapByHigh * y.overlap + byHull * x.hullByHigh * y.hull;
    const yLow = byShared * y.overlapByLow * x.overlap + byHull * y.hullByLow * x.hull;
    const yHigh = byShared * y.overlapByHigh * x.overlap + byHull * y.hullByHigh * x.hull;
    gradient.set(
      [xLow + xHigh, yLow + yHigh, (xHigh - xLow) / 2 + byUnion * h, (yHigh - yLow) / 2 + byUnion * w],
      4 * i,
    );
  }
  return { loss, gradient };
}
