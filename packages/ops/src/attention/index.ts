/** Multi-head self-attention over packed queries, keys and values (Vaswani et al., arXiv 1706.03762), a few heads at a time. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { choose } from '../engine.ts';
import type { TracedOp } from '../pullback.ts';
import { native } from './native.ts';
import { reference } from './reference.ts';
import { wasm } from './wasm.ts';

export interface AttentionOptions {
  /** Number of heads; divides C. */
  readonly heads: number;
  /** What the scores are multiplied by; default 1/√(C/heads). */
  readonly scale?: number;
}

export interface AttentionKernel {
  /** qkv [B, N, 3C] (q, k, v one after the other on the last axis, heads inside each) → [B, N, C] */
  apply(qkv: Tensor, options: AttentionOptions): Tensor;
  trace(qkv: Tensor, options: AttentionOptions): TracedOp<'qkv'>;
}

/** Bytes that the probabilities of one chunk of heads may take. A chunk has one head at least, and half of all at most. */
const chunkBytes = 2 * 2 ** 20;

export interface Geometry {
  readonly batch: number;
  readonly tokens: number;
  readonly heads: number;
  /** Channels a head. */
  readonly width: number;
  readonly scale: number;
  /** Heads (of all batch × heads) at a time. */
  readonly chunk: number;
}

/** Reads the sizes off qkv; throws when they do not fit. */
export function geometry(qkv: Tensor, { heads, scale }: AttentionOptions): Geometry {
  const [batch, tokens, packed] = qkv.shape;
  if (qkv.rank !== 3 || packed! % (3 * heads) !== 0)
    throw new RangeError(`attention: qkv [${qkv.shape}] is not [batch, tokens, 3·heads·width] with ${heads} heads`);
  const width = packed! / 3 / heads;
  const all = batch! * heads;
  const chunk = Math.max(1, Math.min(Math.floor(chunkBytes / (4 * tokens! * tokens!)), Math.ceil(all / 2)));
  return { batch: batch!, tokens: tokens!, heads, width, scale: scale ?? 1 / Math.sqrt(width), chunk };
}

const implementations = { reference, wasm, tensorflow: native };

/** softmax(scale·Q·Kᵀ)·V for every head. The trace keeps qkv (shared). */
export const attention: AttentionKernel = {
  apply: (qkv, options) => choose(implementations).apply(qkv, options),
  trace: (qkv, options) => choose(implementations).trace(qkv, options),
};
