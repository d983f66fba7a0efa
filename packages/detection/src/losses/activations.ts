/** Sigmoid, softplus and softmax in float64, without overflow at any logit. */

/** 1 / (1 + e⁻ˣ). */
export function sigmoid(x: number): number {
  const power = Math.exp(-Math.abs(x));
  return x >= 0 ? 1 / (1 + power) : power / (1 + power);
}

/** log(1 + eˣ). */
export const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/**
 * Softmax of `into.length` logits from `from` on, written to `into`.
 * @returns the logarithm of the sum of their exponentials
 */
export function softmaxInto(logits: ArrayLike<number>, from: number, into: Float64Array): number {
  let largest = -Infinity;
  for (let k = 0; k < into.length; k++) largest = Math.max(largest, logits[from + k] as number);
  let total = 0;
  for (let k = 0; k < into.length; k++) {
    into[k] = Math.exp((logits[from + k] as number) - largest);
    total += into[k] as number;
  }
  for (let k = 0; k < into.length; k++) into[k] = (into[k] as number) / total;
  return largest + Math.log(total);
}
