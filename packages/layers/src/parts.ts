/** Tensors in parts: of their rows (tokens), which are copied, and put together again. */
import { concat, dispose, reshape, slice, type Tensor, tidy } from '@tensorflow/tfjs-core';

/** Some of a number of rows or heads. */
export interface Part {
  readonly from: number;
  readonly count: number;
}

/** So many rows or heads in parts of about the same size. */
export function partsOf(count: number, chunks: number): Part[] {
  const each = Math.ceil(count / chunks);
  return Array.from({ length: Math.ceil(count / each) }, (_, i) => ({
    from: i * each,
    count: Math.min(each, count - i * each),
  }));
}

export const widthOf = (x: Tensor) => x.shape.at(-1) ?? 1;

/** Some rows of x [..., width] → [count, width], a copy. */
export function take(x: Tensor, { from, count }: Part): Tensor {
  return tidy(() => slice(reshape(x, [-1, widthOf(x)]), [from, 0], [count, widthOf(x)]));
}

/** Parts [count, width], which are freed, as one tensor with the leading axes of `like`. */
export function join(parts: Tensor[], like: Tensor): Tensor {
  const joined = tidy(() => {
    const all = concat(parts, 0);
    return reshape(all, [...like.shape.slice(0, -1), widthOf(all)]);
  });
  dispose(parts);
  parts.length = 0;
  return joined;
}
