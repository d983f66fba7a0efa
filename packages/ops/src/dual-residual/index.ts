/** The recurrence of Dr2Net (arXiv 2401.04105, section 3) and its inverse, in floating point. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { expectShape } from '../check.ts';
import { choose } from '../engine.ts';
import { states } from '../simd/states.ts';
import { native } from './native.ts';
import { reference } from './reference.ts';
import { simd } from './simd.ts';
import { webgpu } from './webgpu.ts';

/** α and β of one sub-block. */
export interface DualResidualCoefficients {
  readonly alpha: number;
  readonly beta: number;
}

/** What the recurrence adds to F_i(x_i): α·x + β·previous, both of the shape of F_i(x_i). */
export interface ResidualTerms extends DualResidualCoefficients {
  readonly x: Tensor;
  readonly previous: Tensor;
}

export interface DualResidualKernel {
  /**
   * x_{i+1} = F_i(x_i) + α·x_i + β·x_{i−1}. With β = 0 `previous` is not touched; α = 1, β = 0 is x + f, bit for bit.
   */
  update(f: Tensor, x: Tensor, previous: Tensor, coefficients: DualResidualCoefficients): Tensor;
  /** x_{i−1} = (x_{i+1} − F_i(x_i) − α·x_i)/β. Throws for β = 0: nothing of x_{i−1} is left to rebuild it from. */
  inverse(next: Tensor, f: Tensor, x: Tensor, coefficients: DualResidualCoefficients): Tensor;
}

const implementations = {
  reference,
  get wasm() {
    return states.load() ? simd : reference;
  },
  tensorflow: native,
  webgpu,
};

const kernel = () => choose(implementations, 'dualResidual');

/** The recurrence x_{i+1} = F_i(x_i) + α·x_i + β·x_{i−1} and its inverse, in float32 (Dr2Net, arXiv 2401.04105, section 3). */
export const dualResidual: DualResidualKernel = {
  update(f, x, previous, coefficients) {
    if (coefficients.alpha !== 0) expectShape('dualResidual.update', 'x', x, f.shape, 'the shape of F(x)');
    if (coefficients.beta !== 0) expectShape('dualResidual.update', 'previous', previous, f.shape, 'the shape of F(x)');
    return kernel().update(f, x, previous, coefficients);
  },

  inverse(next, f, x, coefficients) {
    if (coefficients.beta === 0)
      throw new RangeError('dualResidual.inverse: β is 0, so the update cannot be inverted; choose β ≠ 0');
    expectShape('dualResidual.inverse', 'F(x)', f, next.shape, 'the shape of the next state');
    if (coefficients.alpha !== 0)
      expectShape('dualResidual.inverse', 'x', x, next.shape, 'the shape of the next state');
    return kernel().inverse(next, f, x, coefficients);
  },
};
