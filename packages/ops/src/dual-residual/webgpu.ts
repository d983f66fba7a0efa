/** The dual-residual update and its inverse in one WGSL dispatch each. */
import { type Kernel, run } from '../webgpu/each.ts';
import type { DualResidualKernel } from './index.ts';
import { reference } from './reference.ts';

const params = { alpha: 'f32', beta: 'f32' } as const;

const update: Kernel = {
  name: 'dualResidual update',
  inputs: { f: 'f32', x: 'f32', previous: 'f32' },
  output: 'f32',
  params,
  body: 'result[index] = p.alpha * x[index] + p.beta * previous[index] + f[index];',
};

const inverse: Kernel = {
  name: 'dualResidual inverse',
  inputs: { next: 'f32', f: 'f32', x: 'f32' },
  output: 'f32',
  params,
  body: 'result[index] = (next[index] - f[index] - p.alpha * x[index]) / p.beta;',
};

// With a coefficient of 0 a state is not to be touched, and the reference has one operation to do.
export const webgpu: DualResidualKernel = {
  update(f, x, previous, coefficients) {
    const { alpha, beta } = coefficients;
    if (alpha === 0 || beta === 0) return reference.update(f, x, previous, coefficients);
    return run(update, [f, x, previous], { alpha, beta }, f.shape);
  },
  inverse(next, f, x, coefficients) {
    const { alpha, beta } = coefficients;
    if (alpha === 0) return reference.inverse(next, f, x, coefficients);
    return run(inverse, [next, f, x], { alpha, beta }, next.shape);
  },
};
