/** Sums that grow: gradients of parts, added up. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { expectShape } from '../check.ts';
import { choose } from '../engine.ts';
import { states } from '../simd/states.ts';
import { reference } from './reference.ts';
import { simd } from './simd.ts';
import { webgpu } from './webgpu.ts';

/** sum + term, both taken over; the result is owned by the caller. */
export type Accumulate = (sum: Tensor, term: Tensor) => Tensor;

const implementations = {
  reference,
  get wasm() {
    return states.load() ? simd : reference;
  },
  webgpu,
};

/**
 * sum + term in the memory of `sum` where the backend can (wasm, WebGPU), so that no third tensor is alive; elsewhere a new one. Takes
 * both over. Nobody else may have a handle on the data of `sum`.
 * @throws RangeError when the shapes differ
 */
export const accumulate: Accumulate = (sum, term) => {
  expectShape('accumulate', 'the term', term, sum.shape, "the sum's shape");
  return choose<Accumulate>(implementations, 'accumulate')(sum, term);
};
