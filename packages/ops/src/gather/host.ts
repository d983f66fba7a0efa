/** The gradient of gather as a loop in the order of the indices: the same bits on every run. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { onHost } from '../host.ts';
import type { ScatterSum } from './index.ts';

export const host: ScatterSum = (indices, dy, shape) => {
  const width = dy.size / indices.size;
  return onHost([indices, dy], [{ shape, dtype: 'float32' }], ([rows, from], [to]) => {
    const sums = new Float64Array(to!.length);
    for (let i = 0, k = 0; i < rows!.length; i++)
      for (let at = rows![i]! * width, end = at + width; at < end; at++, k++) sums[at]! += from![k]!;
    to!.set(sums);
  })[0] as Tensor;
};
