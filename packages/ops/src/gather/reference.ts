/** The gradient of gather by a product with one-hot rows: deterministic on every backend. */
import { matMul, oneHot, reshape, type Tensor } from '@tensorflow/tfjs-core';
import { after } from '../engine.ts';

/** dy [...indices, ...rest] → the gradient of table [V, ...rest]: each row the sum of the dy that were taken from it. */
export function scatterSum(indices: Tensor, dy: Tensor, table: readonly number[]): Tensor {
  const flat = reshape(indices, [-1]);
  const choice = after(oneHot(flat as Tensor<never>, table[0]!, 1, 0, 'float32'), flat);
  const dy2 = reshape(dy, [indices.size, -1]);
  const summed = after(matMul(choice, dy2, true, false), choice, dy2);
  return after(reshape(summed, [...table]), summed);
}
