/** The dual-residual update and its inverse in one WGSL dispatch each. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { type Kernel, run } from '../webgpu/each.ts';
import type { DualResidualKernel } from './index.ts';
import { reference } from './reference.ts';

const uniforms = { alpha: 'f32', beta: 'f32' } as const;

const update: Kernel = {
  name: 'dual_residual_update',
  inputs: ['f', 'x', 'previous'],
  uniforms,
  body: 'result[index] = uniforms.alpha * x[index] + uniforms.beta * previous[index] + f[index];',
};

const inverse: Kernel = {
  name: 'dual_residual_inverse',
  inputs: ['next', 'f', 'x'],
  uniforms,
  body: 'result[index] = (next[index] - f[index] - uniforms.alpha * x[index]) / uniforms.beta;',
};

const like = ({ shape }: Tensor) => ({ shape, dtype: 'float32' }) as const;

// With a coefficient of 0 a state is not to be touched, and the reference has one operation to do.
export const webgpu: DualResidualKernel = {
  update(f, x, previous, coefficients) {
    const { alpha, beta } = coefficients;
    if (alpha === 0 || beta === 0) return reference.update(f, x, previous, coefficients);
    return run(update, [f, x, previous], { alpha, beta }, like(f));
  },
  inverse(next, f, x, coefficients) {
    const { alpha, beta } = coefficients;
    if (alpha === 0) return reference.inverse(next, f, x, coefficients);
    return run(inverse, [next, f, x], { alpha, beta }, like(next));
  },
};
