/** The recurrence of Dr2Net (arXiv 2401.04105, section 3) and its inverse, in floating point. */
import { add, div, mul, neg, sub, type Tensor } from '@tensorflow/tfjs-core';
import { expectShape } from '../check.ts';
import { after, scope, share } from '../engine.ts';

export interface DualResidualCoefficients {
  readonly alpha: number;
  readonly beta: number;
}

/** coefficient·x, or a shared handle's worth of x itself where the coefficient is 1. Not owned when it is x. */
function scaled(x: Tensor, coefficient: number): Tensor {
  if (coefficient === 1) return x;
  return coefficient === -1 ? neg(x) : mul(x, coefficient);
}

export const dualResidual = {
  /**
   * x_{i+1} = F_i(x_i) + α·x_i + β·x_{i−1}. With β = 0 `previous` is not touched; α = 1, β = 0 is x + f, bit for bit.
   */
  update(f: Tensor, x: Tensor, previous: Tensor, { alpha, beta }: DualResidualCoefficients): Tensor {
    expectShape('dualResidual.update', 'x', x, f.shape, 'the shape of F(x)');
    if (beta !== 0) expectShape('dualResidual.update', 'previous', previous, f.shape, 'the shape of F(x)');
    return scope(() => {
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
    });
  },

  /** x_{i−1} = (x_{i+1} − F_i(x_i) − α·x_i)/β. Throws for β = 0: nothing of x_{i−1} is left to rebuild it from. */
  inverse(next: Tensor, f: Tensor, x: Tensor, { alpha, beta }: DualResidualCoefficients): Tensor {
    if (beta === 0)
      throw new RangeError('dualResidual.inverse: β is 0, so the update cannot be inverted; choose β ≠ 0');
    expectShape('dualResidual.inverse', 'F(x)', f, next.shape, 'the shape of the next state');
    if (alpha !== 0) expectShape('dualResidual.inverse', 'x', x, next.shape, 'the shape of the next state');
    return scope(() => {
      let rest = sub(next, f) as Tensor;
      if (alpha !== 0) {
        const term = scaled(x, alpha);
        rest = after(sub(rest, term), rest);
        if (term !== x) term.dispose();
      }
      return beta === 1 ? rest : after(div(rest, beta), rest);
    });
  },
};
