/** Layer normalisation over the last axis (Ba et al., arXiv 1607.06450). */
import type { Tensor } from '@tensorflow/tfjs-core';
import { choose } from '../engine.ts';
import { graphsRun } from '../native/probe.ts';
import type { TracedOp } from '../pullback.ts';
import { graph } from './graph.ts';
import { host } from './host.ts';
import { native } from './native.ts';
import { reference } from './reference.ts';

export interface LayerNormKernel {
  /** x [..., C], gain [C], bias [C], epsilon is added to the (biased) variance → [..., C] */
  apply(x: Tensor, gain: Tensor, bias: Tensor, epsilon: number): Tensor;
  trace(x: Tensor, gain: Tensor, bias: Tensor, epsilon: number): TracedOp<'x' | 'gain' | 'bias'>;
}

const implementations = {
  reference,
  wasm: host,
  cpu: host,
  get tensorflow() {
    return graphsRun() ? graph : native;
  },
};

/** (x − mean)/√(var + ε)·gain + bias. The trace keeps x (shared) and two numbers a row. */
export const layerNorm: LayerNormKernel = {
  apply: (x, gain, bias, epsilon) => choose(implementations).apply(x, gain, bias, epsilon),
  trace: (x, gain, bias, epsilon) => choose(implementations).trace(x, gain, bias, epsilon),
};
