/** Norms of gradients, on the device: scalars that are read later, all together. */
import { add, addN, div, minimum, type Scalar, sqrt, square, sum, type Tensor, tidy } from '@tensorflow/tfjs-core';

/**
 * Σ g², a scalar owned by the caller. Summed over the last axis first and then over the rest: backends add in sequence
 * in float32, and a million terms one after the other would lose four digits.
 */
export function sumOfSquares(gradient: Tensor): Scalar {
  return tidy(() => {
    const squares = square(gradient);
    return sum(gradient.rank > 1 ? sum(squares, -1) : squares) as Scalar;
  });
}

/** √Σ of scalars, which are borrowed. */
export function rootOfSum(scalars: readonly Scalar[]): Scalar {
  return tidy(() => sqrt(scalars.length === 1 ? scalars[0]! : addN([...scalars])) as Scalar);
}

/** min(1, limit/(norm + 1e-6)), as PyTorch's `clip_grad_norm_` scales gradients. */
export function clipFactor(norm: Scalar, limit: number): Scalar {
  return tidy(() => minimum(div(limit, add(norm, 1e-6)), 1) as Scalar);
}
