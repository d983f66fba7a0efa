/** The boxes of a decoder's layers: each begins at those of the layer before, or all at the first (Deformable DETR, section 4.2). */
import { boxPositions } from '@dr2net/layers';
import { add, concat, mul, pad, reshape, slice, sum, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { bounded, boundedGradient, sigmoidGradient } from './logits.ts';

/** References [batch, queries, n] on each level, whose maps have padding: [batch, queries, levels, n]. */
export function onLevels(references: Tensor, ratios: Tensor): Tensor {
  const [batch, queries, n] = references.shape as [number, number, number];
  return tidy(() => mul(reshape(references, [batch, queries, 1, n]), slice(ratios, [0, 0, 0, 0], [-1, -1, -1, n])));
}

/** Of raw references [batch, queries, n], for d of them on each level. */
export function onLevelsGradient(references: Tensor, ratios: Tensor, d: Tensor): Tensor {
  return tidy(() => {
    const n = references.shape[2]!;
    return sigmoidGradient(references, sum(mul(d, slice(ratios, [0, 0, 0, 0], [-1, -1, -1, n])), 2));
  });
}

/** Boxes before their sigmoid, [batch, queries, 4]: what the head gives on top of where the layer began. */
export function boxesFrom(raw: Tensor, delta: Tensor): Tensor {
  return tidy(() => {
    const base = bounded(raw);
    const missing = 4 - raw.shape[2]!;
    if (missing === 0) return add(delta, base);
    return add(
      delta,
      pad(base, [
        [0, 0],
        [0, 0],
        [0, missing],
      ]),
    );
  });
}

/** Of where a layer began, [batch, queries, n], for d of its boxes before their sigmoid. */
export function beginningGradient(raw: Tensor, d: Tensor): Tensor {
  return tidy(() => boundedGradient(raw, slice(d, [0, 0, 0], [-1, -1, raw.shape[2]!])));
}

/** Sine positions of boxes on the first level [batch, queries, 2·width], of y, x, width, height, in this order (DINO). */
export function sinesOf(onAll: Tensor, width: number): Tensor {
  return tidy(() => {
    const [batch, queries] = onAll.shape as [number, number];
    const box = reshape(slice(onAll, [0, 0, 0, 0], [-1, -1, 1, -1]), [batch, queries, 4]);
    const part = (from: number, count: number) => slice(box, [0, 0, from], [-1, -1, count]);
    return boxPositions(concat([part(1, 1), part(0, 1), part(2, 2)], 2), width / 2);
  });
}
