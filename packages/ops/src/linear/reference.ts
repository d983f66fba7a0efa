/** linear of plain tfjs ops, for every backend. */
import { add, matMul, reshape, sum, type Tensor } from '@tensorflow/tfjs-core';
import { after, hold, rows, scope } from '../engine.ts';
import { type OpPullback, once, type Wanted } from '../pullback.ts';
import type { LinearKernel } from './index.ts';

type Names = 'x' | 'weight' | 'bias';

/** dy [..., out], x [..., in] → the gradients. */
export function linearGradients(x: Tensor, weight: Tensor, bias: boolean, dy: Tensor, wanted?: Wanted<Names>) {
  const want = (name: Names) => wanted?.[name] ?? wanted === undefined;
  const result: Partial<Record<Names, Tensor>> = {};
  const dy2 = rows(dy);
  if (want('x')) {
    const product = matMul(dy2, weight, false, true);
    result.x = after(reshape(product, x.shape), product);
  }
  if (want('weight')) {
    const x2 = rows(x);
    result.weight = after(matMul(x2, dy2, true, false), x2);
  }
  if (bias && want('bias')) result.bias = sum(dy2, 0);
  dy2.dispose();
  return result;
}

function apply(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  return scope(() => {
    const x2 = rows(x);
    let product = after(matMul(x2, weight), x2) as Tensor;
    if (bias) product = after(add(product, bias), product);
    return after(reshape(product, [...x.shape.slice(0, -1), weight.shape[1]!]), product);
  });
}

export const reference: LinearKernel = {
  apply,
  trace(x, weight, bias) {
    const value = apply(x, weight, bias);
    const kept = [hold(x), hold(weight)] as const;
    const pullback: OpPullback<Names> = once('linear', kept, (dy: Tensor, wanted?: Wanted<Names>) =>
      scope(() => linearGradients(...kept, bias !== undefined, dy, wanted)),
    );
    return { value, pullback };
  },
};
