/** A map of rows as loops over the host's numbers. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { onHost } from '../host.ts';
import type { CombineRows } from './index.ts';

export const host: CombineRows = ({ rows, offsets, sources, weights }, x) => {
  const width = x.shape.at(-1)!;
  return onHost([x], [{ shape: [rows, width], dtype: 'float32' }], ([from], [to]) => {
    const sums = new Float64Array(width);
    for (let row = 0; row < rows; row++) {
      sums.fill(0);
      for (let e = offsets[row]!; e < offsets[row + 1]!; e++) {
        const [at, weight] = [sources[e]! * width, weights[e]!];
        for (let c = 0; c < width; c++) sums[c]! += weight * from![at + c]!;
      }
      to!.set(sums, row * width);
    }
  })[0] as Tensor;
};
