/** Boxes as logits. Published networks add to `inverse_sigmoid` of a box; of a box that is a sigmoid that is its logit within bounds. */
import { abs, clipByValue, mul, step, sub, type Tensor, tidy } from '@tensorflow/tfjs-core';

/** ε of the published inverse sigmoid. */
const epsilon = 1e-5;
const bound = Math.log((1 - epsilon) / epsilon);

/** inverse_sigmoid(sigmoid(raw)) */
export const bounded = (raw: Tensor): Tensor => clipByValue(raw, -bound, bound);

/** The gradient of `bounded`, for d of its value. */
export const boundedGradient = (raw: Tensor, d: Tensor): Tensor => tidy(() => mul(d, step(sub(bound, abs(raw)))));

/** Gradient of what a sigmoid made `value` of, for d of the value. */
export const sigmoidGradient = (value: Tensor, d: Tensor): Tensor => tidy(() => mul(d, mul(value, sub(1, value))));

/** inverse_sigmoid of numbers on the host. */
export function logits(shares: Float32Array): Float32Array {
  return shares.map((share) => {
    const inside = Math.min(1, Math.max(0, share));
    return Math.log(Math.max(inside, epsilon) / Math.max(1 - inside, epsilon));
  });
}
