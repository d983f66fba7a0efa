/** linear of plain tfjs ops, for every backend. */
import { add, matMul, reshape, sum, type Tensor } from '@tensorflow/tfjs-core';
import { after, rows, scope } from '../engine.ts';
import { type Names, unflatten, withTrace } from './shared.ts';

/** The gradients for dy [..., out]. */
export function linearGradients(x: Tensor, weight: Tensor, dy: Tensor, want: (name: Names) => boolean) {
  const result: Partial<Record<Names, Tensor>> = {};
  const dy2 = rows(dy);
  if (want('bias')) result.bias = sum(dy2, 0);
  if (want('weight')) {
    const x2 = rows(x);
    result.weight = after(matMul(x2, dy2, true, false), x2);
  }
  if (want('x')) {
    const product = matMul(dy2, weight, false, true);
    result.x = after(reshape(product, x.shape), product);
  }
  return after(result, dy2);
}

export const reference = withTrace({
  apply: (x, weight, bias) =>
    scope(() => {
      const x2 = rows(x);
      const product = after(matMul(x2, weight), x2) as Tensor;
      return unflatten(bias ? after(add(product, bias), product) : product, x);
    }),
  gradients: linearGradients,
});
