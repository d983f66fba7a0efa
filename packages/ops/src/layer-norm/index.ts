/** Layer normalisation over the last axis (Ba et al., arXiv 1607.06450). */
import type { Tensor } from '@tensorflow/tfjs-core';
import { channels, expectShape } from '../check.ts';
import { choose } from '../engine.ts';
import { ownLayers } from '../native/own.ts';
import { graphsRun } from '../native/probe.ts';
import type { TracedOp } from '../pullback.ts';
import { recorderBackend } from '../recorder/record.ts';
import { layers } from '../simd/layers.ts';
import { graph } from './graph.ts';
import { host } from './host.ts';
import { native } from './native.ts';
import { own } from './own.ts';
import { recorded } from './recorded.ts';
import { reference } from './reference.ts';
import { simd } from './simd.ts';
import { webgpu } from './webgpu.ts';

/** What an implementation of {@link layerNorm} does. */
export interface LayerNormKernel {
  /** x [..., C], gain [C], bias [C], epsilon is added to the (biased) variance → [..., C] */
  apply(x: Tensor, gain: Tensor, bias: Tensor, epsilon: number): Tensor;
  trace(x: Tensor, gain: Tensor, bias: Tensor, epsilon: number): TracedOp<'x' | 'gain' | 'bias'>;
}

const implementations = {
  reference,
  [recorderBackend]: recorded,
  get wasm() {
    return layers.load() ? simd : host;
  },
  cpu: host,
  webgpu,
  get tensorflow() {
    if (ownLayers()) return own;
    return graphsRun() ? graph : native;
  },
};

function check(x: Tensor, gain: Tensor, bias: Tensor): void {
  const width = channels('layerNorm', x);
  expectShape('layerNorm', 'gain', gain, [width], `x is [${x.shape}]`);
  expectShape('layerNorm', 'bias', bias, [width], `x is [${x.shape}]`);
}

/** (x − mean)/√(var + ε)·gain + bias. The trace keeps x (shared) and two numbers a row. */
export const layerNorm: LayerNormKernel = {
  apply(x, gain, bias, epsilon) {
    check(x, gain, bias);
    return choose(implementations, 'layerNorm').apply(x, gain, bias, epsilon);
  },
  trace(x, gain, bias, epsilon) {
    check(x, gain, bias);
    return choose(implementations, 'layerNorm').trace(x, gain, bias, epsilon);
  },
};
