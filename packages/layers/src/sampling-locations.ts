/**
 * Where deformable attention looks (Deformable DETR, arXiv 2010.04159, section 4.1 and appendix A.4): around a point, offsets counted in
 * cells of each level; or in a box, offsets counted in halves of the box divided by the number of points.
 */
import { Held, once } from '@dr2net/ops';
import { add, concat, mul, reshape, slice, sum, type Tensor, tensor, tidy, tile } from '@tensorflow/tfjs-core';

/** [height, width] of each level. */
export type LevelShapes = readonly (readonly [height: number, width: number])[];

/** The wanted gradients for that of the locations. Offsets' are of the offsets' shape. */
export interface LocationsPullback {
  (
    dLocations: Tensor,
    wants: { readonly offsets: boolean; readonly reference: boolean },
  ): { offsets?: Tensor; reference?: Tensor };
  dispose(): void;
}

/** [B, Q, levels, from … from + 1] of the reference, for every point: [B·Q, 1, levels, points·2]. */
function part(reference: Tensor, from: number, points: number): Tensor {
  const [batch, queries, levels] = reference.shape as [number, number, number];
  const pair = slice(reference, [0, 0, 0, from], [-1, -1, -1, 2]);
  return tile(reshape(pair, [batch * queries, 1, levels, 2]), [1, 1, 1, points]);
}

/** What an offset of 1 is in parts of the map: [1 or B·Q, 1, levels, points·2]. */
function scaleOf(reference: Tensor, shapes: LevelShapes, points: number): Tensor {
  if (reference.shape[3] === 4) return mul(part(reference, 2, points), 0.5 / points);
  const cells = shapes.flatMap(([height, width]) =>
    Array.from({ length: points }, () => [1 / width, 1 / height]).flat(),
  );
  return tensor(cells, [1, 1, shapes.length, 2 * points]);
}

/** Σ over heads and points of [B·Q, heads, levels, points·2], as [B, Q, levels, 2]. */
function overPoints(x: Tensor, [batch, queries, levels]: readonly number[], points: number): Tensor {
  const byPoint = reshape(sum(x, 1), [batch! * queries!, levels!, points, 2]);
  return reshape(sum(byPoint, 2), [batch!, queries!, levels!, 2]);
}

/**
 * @param offsets [B, Q, heads·levels·points·2], (x, y) last
 * @param reference [B, Q, levels, 2], points (x, y), or [B, Q, levels, 4], boxes (centre x, y, width, height), all 0 … 1 of the level's map
 * @returns locations [B, Q, heads, levels, points, 2], 0 … 1 of the level's map; the trace keeps the reference, and of boxes the offsets (shared)
 */
export function traceLocations(offsets: Tensor, reference: Tensor, shapes: LevelShapes, points: number) {
  const [batch, queries] = reference.shape as [number, number];
  const levels = shapes.length;
  const heads = offsets.shape[2]! / (levels * points * 2);
  const rows = [batch * queries, heads, levels, 2 * points];
  const value = tidy(() => {
    const around = mul(reshape(offsets, rows), scaleOf(reference, shapes, points));
    return reshape(add(around, part(reference, 0, points)), [batch, queries, heads, levels, points, 2]);
  });
  const boxes = reference.shape[3] === 4;
  const kept = new Held();
  const own = kept.keep(kept.share(reference));
  const ownOffsets = boxes ? kept.keep(kept.share(offsets)) : undefined;
  const pullback: LocationsPullback = once('sampling locations', [kept], (dLocations: Tensor, wants) =>
    tidy(() => {
      const d = reshape(dLocations, rows);
      const result: ReturnType<LocationsPullback> = {};
      if (wants.offsets)
        result.offsets = reshape(mul(d, scaleOf(own, shapes, points)), [
          batch,
          queries,
          rows[1]! * levels * 2 * points,
        ]);
      if (wants.reference) {
        const centre = overPoints(d, own.shape, points);
        const size = ownOffsets && mul(overPoints(mul(d, reshape(ownOffsets, rows)), own.shape, points), 0.5 / points);
        result.reference = size ? concat([centre, size], 3) : centre;
      }
      return result;
    }),
  );
  return { value, pullback };
}

/**
 * The bias of the offsets' layer at the beginning (Deformable DETR, appendix A.4; its weights are zero): each head looks in a direction of
 * its own, point p as many cells away as p + 1 steps.
 * @returns [heads·levels·points·2]
 */
export function initialOffsets(heads: number, levels: number, points: number): Float32Array {
  return Float32Array.from({ length: heads * levels * points * 2 }, (_, i) => {
    const angle = (2 * Math.PI * Math.floor(i / (2 * levels * points))) / heads;
    const direction = [Math.cos(angle), Math.sin(angle)] as const;
    const steps = (Math.floor(i / 2) % points) + 1;
    return (steps * direction[(i % 2) as 0 | 1]) / Math.max(...direction.map(Math.abs));
  });
}
