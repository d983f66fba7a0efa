/**
 * Multi-scale deformable attention (Deformable DETR, Zhu et al., arXiv 2010.04159, equation 3): each query and head reads a few points of
 * every level's map, between its cells, and weighs them. Its cost is linear in queries and does not grow with the maps.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import { choose } from '../engine.ts';
import { onProcessor, ownDeformable } from '../native/own.ts';
import type { TracedOp } from '../pullback.ts';
import { deformableAttention as module } from '../simd/deformable-attention.ts';
import { host } from './host.ts';
import { own } from './own.ts';
import { reference } from './reference.ts';
import { simd } from './simd.ts';
import { webgpu } from './webgpu.ts';

export type Names = 'value' | 'locations' | 'weights';

/** Levels, heads and points of {@link deformableAttention}. */
export interface DeformableAttentionOptions {
  /** [height, width] of each level, in the order in which `value` has them; whole numbers of 1 or more. */
  readonly shapes: readonly (readonly [height: number, width: number])[];
}

/** What an implementation of {@link deformableAttention} does. */
export interface DeformableAttentionKernel {
  /**
   * @param value [B, S, C], the maps' cells, S = Σ height·width: levels one after the other, each row by row; heads inside C
   * @param locations [B, Q, heads, levels, points, 2]: (x, y), 0 … 1 of the level's map. A point is read at x·width − 0.5 and
   * y·height − 0.5 in cells, bilinearly, cells outside being zero
   * @param weights [B, Q, heads, levels, points]
   * @returns [B, Q, C]; of a query with a location or weight that is not finite, numbers that are not finite
   * @throws RangeError when the shapes do not fit
   */
  apply(value: Tensor, locations: Tensor, weights: Tensor, options: DeformableAttentionOptions): Tensor;
  trace(value: Tensor, locations: Tensor, weights: Tensor, options: DeformableAttentionOptions): TracedOp<Names>;
}

const implementations = {
  reference,
  cpu: host,
  get wasm() {
    return module.load() ? simd : host;
  },
  webgpu,
  get tensorflow() {
    if (ownDeformable()) return own;
    return onProcessor() ? host : reference;
  },
};

/**
 * Σ over levels and points of weight·value(location), head by head. The trace keeps the three inputs (shared). The gradient of `value` is a
 * sum over all points that touched a cell, in their order: the same bits every time.
 */
export const deformableAttention: DeformableAttentionKernel = {
  apply: (value, locations, weights, options) =>
    choose(implementations, 'deformableAttention').apply(value, locations, weights, options),
  trace: (value, locations, weights, options) =>
    choose(implementations, 'deformableAttention').trace(value, locations, weights, options),
};
