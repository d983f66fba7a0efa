/** Attention inside windows with a relative position bias (Swin Transformer, Liu et al., arXiv 2103.14030, equation 4). */
import type { Tensor } from '@tensorflow/tfjs-core';
import { expectShape } from '../check.ts';
import { choose } from '../engine.ts';
import { ownWindows } from '../native/own.ts';
import type { TracedOp } from '../pullback.ts';
import { recorderBackend } from '../recorder/record.ts';
import { layers } from '../simd/layers.ts';
import { own } from './own.ts';
import { recorded } from './recorded.ts';
import { reference } from './reference.ts';
import { simd } from './simd.ts';
import { webgpu } from './webgpu.ts';

/** Heads, windows and scale of {@link windowAttention}. */
export interface WindowAttentionOptions {
  readonly heads: number;
  /** The factor of the scores; default 1/√(channels of a head). */
  readonly scale?: number;
  /** Added to the scores, [windows, N, N], no gradient: where windows were shifted, a large negative number keeps strangers apart. */
  readonly mask?: Tensor;
}

/** What an implementation of {@link windowAttention} does. */
export interface WindowAttentionKernel {
  /**
   * qkv [batch·windows, N, 3C] (the windows of one picture or clip one after the other), bias [heads, N, N] → [batch·windows, N, C]
   * @throws RangeError when the shapes do not fit
   */
  apply(qkv: Tensor, bias: Tensor, options: WindowAttentionOptions): Tensor;
  trace(qkv: Tensor, bias: Tensor, options: WindowAttentionOptions): TracedOp<'qkv' | 'bias'>;
}

function check(qkv: Tensor, bias: Tensor, { heads, mask }: WindowAttentionOptions): void {
  const tokens = qkv.shape[1] ?? 0;
  expectShape('windowAttention', 'bias', bias, [heads, tokens, tokens], 'heads, and twice the tokens of a window');
  if (!mask) return;
  const windows = mask.shape[0] ?? 0;
  expectShape('windowAttention', 'mask', mask, [windows, tokens, tokens], 'windows, and twice the tokens of a window');
  if (windows === 0 || qkv.shape[0]! % windows !== 0)
    throw new RangeError(
      `windowAttention: ${qkv.shape[0]} windows are no whole number of pictures of ${windows} (the mask's)`,
    );
}

const implementations = {
  reference,
  [recorderBackend]: recorded,
  webgpu,
  get wasm() {
    return layers.load() ? simd : reference;
  },
  get tensorflow() {
    return ownWindows() ? own : reference;
  },
};

/** softmax(scale·Q·Kᵀ + bias + mask)·V for every window and head. The trace keeps qkv, bias and mask (shared). */
export const windowAttention: WindowAttentionKernel = {
  apply(qkv, bias, options) {
    check(qkv, bias, options);
    return choose(implementations, 'attention').apply(qkv, bias, options);
  },
  trace(qkv, bias, options) {
    check(qkv, bias, options);
    return choose(implementations, 'attention').trace(qkv, bias, options);
  },
};
