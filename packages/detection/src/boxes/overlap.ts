/**
 * How much boxes overlap: intersection over union, and its generalised form (Rezatofighi et al. 2019, arXiv 1902.09630),
 * IoU − (hull − union) / hull, which tells boxes apart that do not touch. Boxes are corners [x1, y1, x2, y2]. What would
 * be 0 / 0 for boxes without area counts as 0.
 */
import { type Boxes, boxCount } from './formats.ts';

const ratio = (part: number, whole: number) => (whole > 0 ? part / whole : 0);

/** Areas of the boxes [boxes]. */
export function boxAreas(corners: Boxes): Float64Array {
  return Float64Array.from({ length: boxCount(corners) }, (_, i) => {
    const at = 4 * i;
    return (
      ((corners[at + 2] as number) - (corners[at] as number)) *
      ((corners[at + 3] as number) - (corners[at + 1] as number))
    );
  });
}

function pairwise(a: Boxes, b: Boxes, generalised: boolean): Float64Array {
  const [areasA, areasB] = [boxAreas(a), boxAreas(b)];
  const [rows, columns] = [areasA.length, areasB.length];
  const result = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    const [x1, y1, x2, y2] = [a[4 * i], a[4 * i + 1], a[4 * i + 2], a[4 * i + 3]] as [number, number, number, number];
    for (let j = 0; j < columns; j++) {
      const [u1, v1] = [b[4 * j] as number, b[4 * j + 1] as number];
      const [u2, v2] = [b[4 * j + 2] as number, b[4 * j + 3] as number];
      const shared =
        Math.max(0, Math.min(x2, u2) - Math.max(x1, u1)) * Math.max(0, Math.min(y2, v2) - Math.max(y1, v1));
      const union = (areasA[i] as number) + (areasB[j] as number) - shared;
      let overlap = ratio(shared, union);
      if (generalised) {
        const hull = (Math.max(x2, u2) - Math.min(x1, u1)) * (Math.max(y2, v2) - Math.min(y1, v1));
        overlap -= ratio(hull - union, hull);
      }
      result[i * columns + j] = overlap;
    }
  }
  return result;
}

/** Intersection over union of every box of `a` with every box of `b` [a, b], 0 … 1. */
export const boxIou = (a: Boxes, b: Boxes): Float64Array => pairwise(a, b, false);

/** Generalised intersection over union of every box of `a` with every box of `b` [a, b], −1 … 1. */
export const boxGiou = (a: Boxes, b: Boxes): Float64Array => pairwise(a, b, true);
