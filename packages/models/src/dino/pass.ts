/** Going through layers with or without keeping their pullbacks, so that one walk serves training and use. */
import type { Context, Differentiable, Pullback } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';

export interface Passed {
  /** Owned by the caller. */
  readonly value: Tensor;
  /** Owned by the caller; null where nothing was kept. */
  readonly pullback: Pullback | null;
}

export function pass(layer: Differentiable, x: Tensor, context: Context, keeps: boolean): Passed {
  return keeps ? layer.trace(x, context) : { value: layer.apply(x, context), pullback: null };
}

/** A pullback that must be there. */
export function kept<T>(pullback: T | null | undefined): T {
  if (!pullback) throw new Error('Nothing was kept of this pass, so it has no pullback.');
  return pullback;
}
