/** max(x, 0). */
import { mul, relu as rectify, step, type Tensor } from '@tensorflow/tfjs-core';
import { after, choose, hold, scope } from '../engine.ts';
import { raw } from '../native/raw.ts';
import { type OpPullback, once, type TracedOp } from '../pullback.ts';

/** dy and y = max(x, 0) → dx */
type ReluGradient = (dy: Tensor, y: Tensor) => Tensor;

/** What an implementation of {@link relu} does: x of any shape, max(x, 0). */
export interface ReluKernel {
  apply(x: Tensor): Tensor;
  trace(x: Tensor): TracedOp<'x'>;
  gradient: ReluGradient;
}

const reference: ReluGradient = (dy, y) =>
  scope(() => {
    const slope = step(y);
    return after(mul(dy, slope), slope);
  });

/** tfjs-node makes its step of two arrays that it fills with numbers first. */
const native: ReluGradient = (dy, y) => raw('ReluGrad', dy, y);

const gradient: ReluGradient = (dy, y) => choose({ reference, tensorflow: native })(dy, y);

/** max(x, 0), with gradient 0 at 0. The trace keeps the value (shared). */
export const relu: ReluKernel = {
  apply: (x) => rectify(x),
  trace(x) {
    const value = rectify(x);
    const kept = hold(value);
    const pullback: OpPullback<'x'> = once('relu', [kept], (dy: Tensor, wanted?) =>
      wanted && !wanted.x ? {} : { x: gradient(dy, kept) },
    );
    return { value, pullback };
  },
  gradient,
};
