/** y = x·W + b over the last axis. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { expectAffine } from '../check.ts';
import { choose } from '../engine.ts';
import { graphsRun } from '../native/probe.ts';
import type { TracedOp } from '../pullback.ts';
import { simd as simdRuns } from '../simd/module.ts';
import { graph } from './graph.ts';
import { native } from './native.ts';
import { reference } from './reference.ts';
import { simd } from './simd.ts';
import { wasm } from './wasm.ts';
import { webgpu } from './webgpu.ts';

export interface LinearKernel {
  /**
   * x [..., in], weight [in, out], bias [out] → [..., out]
   * @throws RangeError when the shapes do not fit
   */
  apply(x: Tensor, weight: Tensor, bias?: Tensor): Tensor;
  trace(x: Tensor, weight: Tensor, bias?: Tensor): TracedOp<'x' | 'weight' | 'bias'>;
}

const implementations = {
  reference,
  get wasm() {
    return simdRuns() ? simd : wasm;
  },
  webgpu,
  get tensorflow() {
    return graphsRun() ? graph : native;
  },
};

/** y = x·W + b. The trace keeps x and W (shared data, no copies). */
export const linear: LinearKernel = {
  apply(x, weight, bias) {
    expectAffine('linear', x, weight, bias);
    return choose(implementations, 'product', 'columnSums').apply(x, weight, bias);
  },
  trace(x, weight, bias) {
    expectAffine('linear', x, weight, bias);
    return choose(implementations, 'product', 'columnSums').trace(x, weight, bias);
  },
};
