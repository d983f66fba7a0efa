/** The dual-residual update and its inverse of ordinary operations. */
import { add, div, mul, neg, sub, type Tensor } from '@tensorflow/tfjs-core';
import { after, scope, share } from '../engine.ts';
import type { DualResidualKernel } from './index.ts';

/** coefficient·x, or a shared handle's worth of x itself where the coefficient is 1. Not owned when it is x. */
function scaled(x: Tensor, coefficient: number): Tensor {
  if (coefficient === 1) return x;
  return coefficient === -1 ? neg(x) : mul(x, coefficient);
}

export const reference: DualResidualKernel = {
  update: (f, x, previous, { alpha, beta }) =>
    scope(() => {
      let next = f;
      for (const [state, coefficient] of [
        [x, alpha],
        [previous, beta],
      ] as const) {
        if (coefficient === 0) continue;
        const term = scaled(state, coefficient);
        const total = add(term, next);
        if (term !== state) term.dispose();
        if (next !== f) next.dispose();
        next = total;
      }
      return next === f ? share(f) : next;
    }),

  inverse: (next, f, x, { alpha, beta }) =>
    scope(() => {
      let rest = sub(next, f) as Tensor;
      if (alpha !== 0) {
        const term = scaled(x, alpha);
        rest = after(sub(rest, term), rest);
        if (term !== x) term.dispose();
      }
      return beta === 1 ? rest : after(div(rest, beta), rest);
    }),
};
