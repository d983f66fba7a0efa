/** The exact (erf) GELU. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { choose } from '../engine.ts';
import { ownLayers } from '../native/own.ts';
import type { TracedOp } from '../pullback.ts';
import { recorderBackend } from '../recorder/record.ts';
import { layers } from '../simd/layers.ts';
import { host } from './host.ts';
import { native } from './native.ts';
import { own } from './own.ts';
import { recorded } from './recorded.ts';
import { reference } from './reference.ts';
import { simd } from './simd.ts';

/** What an implementation of {@link gelu} does: x of any shape, 0.5·x·(1 + erf(x/√2)). */
export interface GeluKernel {
  apply(x: Tensor): Tensor;
  trace(x: Tensor): TracedOp<'x'>;
}

const implementations = {
  reference,
  [recorderBackend]: recorded,
  get wasm() {
    return layers.load() ? simd : host;
  },
  cpu: host,
  get tensorflow() {
    return ownLayers() ? own : native;
  },
};

/** x·Φ(x), Φ the standard normal distribution function (Hendrycks and Gimpel, arXiv 1606.08415). The trace keeps x. */
export const gelu: GeluKernel = {
  apply: (x) => choose(implementations).apply(x),
  trace: (x) => choose(implementations).trace(x),
};
