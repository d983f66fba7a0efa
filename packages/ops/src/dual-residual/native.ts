/** The dual-residual update and its inverse as one operation of our own each, where they are loaded (native/own.ts). */
import { type Tensor, tensor1d } from '@tensorflow/tfjs-core';
import { after } from '../engine.ts';
import { own, ownOperations } from '../native/own.ts';
import type { DualResidualCoefficients, DualResidualKernel } from './index.ts';
import { reference } from './reference.ts';

function run(name: string, states: readonly Tensor[], { alpha, beta }: DualResidualCoefficients): Tensor {
  const coefficients = tensor1d([alpha, beta]);
  const [result] = own(name, [...states, coefficients], 1);
  return after(result!, coefficients);
}

export const native: DualResidualKernel = {
  update(f, x, previous, coefficients) {
    const { alpha, beta } = coefficients;
    if (!ownOperations() || (alpha === 0 && beta === 0)) return reference.update(f, x, previous, coefficients);
    // What a coefficient of 0 leaves out may have been freed.
    return run('Dr2netUpdate', [f, alpha === 0 ? f : x, beta === 0 ? f : previous], coefficients);
  },
  inverse(next, f, x, coefficients) {
    if (!ownOperations()) return reference.inverse(next, f, x, coefficients);
    return run('Dr2netInverse', [next, f, coefficients.alpha === 0 ? f : x], coefficients);
  },
};
