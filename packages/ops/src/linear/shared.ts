/** What the implementations of linear share: names, what is wanted, shapes. */
import { reshape, type Tensor } from '@tensorflow/tfjs-core';
import { after, hold, scope } from '../engine.ts';
import { type OpPullback, once, type Wanted } from '../pullback.ts';
import type { AffineKernel } from './index.ts';

export type Names = 'x' | 'weight' | 'bias';

/** Whether a gradient is to be computed: all are by default, the bias's only where there is a bias. */
export function wants(wanted: Wanted<Names> | undefined, bias: Tensor | undefined): (name: Names) => boolean {
  return (name) => (name !== 'bias' || bias !== undefined) && (wanted === undefined || wanted[name] === true);
}

/** [rows, out] → [..., out], with the leading axes of `like`; frees `flat`. */
export function unflatten(flat: Tensor, like: Tensor): Tensor {
  return after(reshape(flat, [...like.shape.slice(0, -1), flat.shape[1]!]), flat);
}

/** With the trace that follows from both: it keeps x and W (shared data, no copies). */
export function withTrace(kernel: Omit<AffineKernel, 'trace'>): AffineKernel {
  return {
    ...kernel,
    trace(x, weight, bias) {
      const value = kernel.apply(x, weight, bias);
      const kept = [hold(x), hold(weight)] as const;
      const pullback: OpPullback<Names> = once('linear', kept, (dy: Tensor, wanted?: Wanted<Names>) =>
        scope(() => kernel.gradients(...kept, dy, wants(wanted, bias))),
      );
      return { value, pullback };
    },
  };
}
