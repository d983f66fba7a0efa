/** Norms of gradients, on the device: scalars that are read later, all together. */
import {
  add,
  concat,
  div,
  minimum,
  reshape,
  type Scalar,
  sqrt,
  square,
  sum,
  type Tensor,
  tidy,
} from '@tensorflow/tfjs-core';

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

/**
 * √Σ of scalars, which are borrowed. Not by `addN`: on WebGPU it binds all of them at once, and beyond the device's
 * number of buffers a shader it gives 0 without an exception.
 */
export function rootOfSum(scalars: readonly Scalar[]): Scalar {
  return tidy(() => sqrt(sum(concat(scalars.map((scalar) => reshape(scalar, [1]))))) as Scalar);
}

/** min(1, limit/(norm + 1e-6)), as PyTorch's `clip_grad_norm_` scales gradients. */
export function clipFactor(norm: Scalar, limit: number): Scalar {
  return tidy(() => minimum(div(limit, add(norm, 1e-6)), 1) as Scalar);
}
