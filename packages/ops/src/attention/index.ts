/** Multi-head self-attention over packed queries, keys and values (Vaswani et al., arXiv 1706.03762), a few heads at a time. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { choose } from '../engine.ts';
import { ownLayers } from '../native/own.ts';
import { graphsRun } from '../native/probe.ts';
import type { TracedOp } from '../pullback.ts';
import { recorderBackend } from '../recorder/record.ts';
import { layers } from '../simd/layers.ts';
import { graph } from './graph.ts';
import { native } from './native.ts';
import { own } from './own.ts';
import { recorded } from './recorded.ts';
import { reference } from './reference.ts';
import { simd } from './simd.ts';
import { wasm } from './wasm.ts';
import { webgpu } from './webgpu.ts';

/** Heads and scale of {@link attention}. */
export interface AttentionOptions {
  /** Number of heads; divides C. */
  readonly heads: number;
  /** What the scores are multiplied by; default 1/√(C/heads). */
  readonly scale?: number;
}

/** What an implementation of {@link attention} does. */
export interface AttentionKernel {
  /** qkv [B, N, 3C] (q, k, v one after the other on the last axis, heads inside each) → [B, N, C] */
  apply(qkv: Tensor, options: AttentionOptions): Tensor;
  trace(qkv: Tensor, options: AttentionOptions): TracedOp<'qkv'>;
}

const implementations = {
  reference,
  [recorderBackend]: recorded,
  get wasm() {
    return layers.load() ? simd : wasm;
  },
  webgpu,
  get tensorflow() {
    if (ownLayers()) return own;
    return graphsRun() ? graph : native;
  },
};

/** softmax(scale·Q·Kᵀ)·V for every head. The trace keeps qkv (shared). */
export const attention: AttentionKernel = {
  apply: (qkv, options) => choose(implementations, 'attention').apply(qkv, options),
  trace: (qkv, options) => choose(implementations, 'attention').trace(qkv, options),
};
