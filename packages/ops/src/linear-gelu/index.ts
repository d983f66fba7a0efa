/** gelu(x·W + b) in one op: the first half of a transformer's MLP. */
import { expectAffine } from '../check.ts';
import { choose } from '../engine.ts';
import type { LinearKernel } from '../linear/index.ts';
import { shaders } from '../linear/webgpu.ts';
import { ownLayers } from '../native/own.ts';
import { graphsRun } from '../native/probe.ts';
import { recorderBackend } from '../recorder/record.ts';
import { layers } from '../simd/layers.ts';
import { graph, graphWithOwn } from './graph.ts';
import { native } from './native.ts';
import { recorded } from './recorded.ts';
import { reference } from './reference.ts';
import { simd } from './simd.ts';
import { wasm } from './wasm.ts';
import { webgpu } from './webgpu.ts';

const implementations = {
  reference,
  [recorderBackend]: recorded,
  get wasm() {
    return layers.load() ? simd : wasm;
  },
  webgpu,
  get tensorflow() {
    if (!graphsRun()) return native;
    return ownLayers() ? graphWithOwn : graph;
  },
};

/**
 * gelu(x·W + b), exact (erf) GELU; x [..., in], weight [in, out], bias [out] → [..., out].
 * The trace keeps x, W (shared) and GELU's slope at the pre-activation.
 */
export const linearGelu: LinearKernel = {
  apply(x, weight, bias) {
    expectAffine('linearGelu', x, weight, bias);
    return choose(implementations, ...shaders).apply(x, weight, bias);
  },
  trace(x, weight, bias) {
    expectAffine('linearGelu', x, weight, bias);
    return choose(implementations, ...shaders).trace(x, weight, bias);
  },
};
