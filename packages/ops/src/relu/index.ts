/** max(x, 0). */
import { mul, relu as rectify, step, type Tensor } from '@tensorflow/tfjs-core';
import { after, hold } from '../engine.ts';
import { type OpPullback, once, type TracedOp } from '../pullback.ts';

export interface ReluKernel {
  apply(x: Tensor): Tensor;
  trace(x: Tensor): TracedOp<'x'>;
}

/** max(x, 0), with gradient 0 at 0. The trace keeps the value (shared). */
export const relu: ReluKernel = {
  apply: (x) => rectify(x),
  trace(x) {
    const value = rectify(x);
    const kept = hold(value);
    const pullback: OpPullback<'x'> = once('relu', [kept], (dy: Tensor, wanted?) => {
      if (wanted && !wanted.x) return {};
      const slope = step(kept);
      return { x: after(mul(dy, slope), slope) };
    });
    return { value, pullback };
  },
};
