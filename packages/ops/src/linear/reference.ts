/** linear of plain tfjs ops, for every backend. */
import { add, matMul, reshape, sum, type Tensor } from '@tensorflow/tfjs-core';
import { after, hold, rows, scope } from '../engine.ts';
import { type OpPullback, once, type Wanted } from '../pullback.ts';
import type { LinearKernel } from './index.ts';
import { type Names, unflatten, wants } from './shared.ts';

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

export const reference: LinearKernel = {
  apply: (x, weight, bias) =>
    scope(() => {
      const x2 = rows(x);
      const product = after(matMul(x2, weight), x2) as Tensor;
      return unflatten(bias ? after(add(product, bias), product) : product, x);
    }),
  trace(x, weight, bias) {
    const value = reference.apply(x, weight, bias);
    const kept = [hold(x), hold(weight)] as const;
    const pullback: OpPullback<Names> = once('linear', kept, (dy: Tensor, wanted?: Wanted<Names>) =>
      scope(() => linearGradients(...kept, dy, wants(wanted, bias))),
    );
    return { value, pullback };
  },
};
