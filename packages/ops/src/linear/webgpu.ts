/** linear in WGSL: one dispatch forward, one for each gradient; the bias' comes with the weight's. */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { ResidualTerms } from '../dual-residual/index.ts';
import { columnSums, multiply } from '../webgpu/multiply.ts';
import type { Activation } from '../webgpu/product.ts';
import { type Names, withTrace } from './shared.ts';

/** The families of shaders that a linear layer needs. */
export const shaders = ['product', 'columnSums'] as const;

/** x·W + b and what follows; with `geluAndSlope` two tensors. */
export function forward(x: Tensor, weight: Tensor, bias: Tensor | undefined, activation: Activation): Tensor[] {
  const [width, out] = weight.shape as [number, number];
  const shape = [...x.shape.slice(0, -1), out];
  return multiply(x, weight, [x.size / width, width, out], { bias, activation, shape });
}

/** The gradients for dy [..., out]. */
export function gradients(x: Tensor, weight: Tensor, dy: Tensor, want: (name: Names) => boolean) {
  const [width, out] = weight.shape as [number, number];
  const rows = x.size / width;
  const result: Partial<Record<Names, Tensor>> = {};
  if (want('weight')) {
    const how = { transposeA: true, sums: want('bias'), shape: weight.shape };
    const [dW, db] = multiply(x, dy, [width, rows, out], how);
    result.weight = dW!;
    if (db) result.bias = db;
  } else if (want('bias')) result.bias = columnSums(dy, out);
  if (want('x')) result.x = multiply(dy, weight, [rows, out, width], { transposeB: true, shape: x.shape })[0]!;
  return result;
}

/** x·W + b + α·x_i + β·x_{i−1} in one dispatch. */
export function withResidual(x: Tensor, weight: Tensor, bias: Tensor | undefined, residual: ResidualTerms): Tensor {
  const [width, out] = weight.shape as [number, number];
  const shape = [...x.shape.slice(0, -1), out];
  return multiply(x, weight, [x.size / width, width, out], { bias, residual, shape })[0]!;
}

export const webgpu = withTrace({
  apply: (x, weight, bias) => forward(x, weight, bias, 'none')[0]!,
  gradients,
});
