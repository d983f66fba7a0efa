/** The maximum over neighbours as loops over the host's numbers. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { onHost } from '../host.ts';
import type { MaxGradient, MaxWithWinner } from './index.ts';

export const forward: MaxWithWinner = (x) => {
  const [size, width] = x.shape.slice(-2) as [number, number];
  const shape = [...x.shape.slice(0, -2), width];
  const made = onHost(
    [x],
    [
      { shape, dtype: 'float32' },
      { shape, dtype: 'int32' },
    ],
    ([from], [best, winner]) => {
      for (let to = 0, first = 0; to < best!.length; to += width, first += size * width) {
        for (let c = 0; c < width; c++) {
          best![to + c] = from![first + c]!;
          winner![to + c] = 0;
        }
        for (let k = 1; k < size; k++)
          for (let c = to, at = first + k * width, end = to + width; c < end; c++, at++) {
            const other = from![at]!;
            const value = best![c]!;
            // What is no number wins, so that it is seen.
            if (!(other <= value) && !Number.isNaN(value)) {
              best![c] = other;
              winner![c] = k;
            }
          }
      }
    },
  );
  return { value: made[0] as Tensor, winner: made[1] as Tensor };
};

export const gradient: MaxGradient = (winner, dy, size) => {
  const width = dy.shape.at(-1)!;
  const shape = [...dy.shape.slice(0, -1), size, width];
  return onHost([winner, dy], [{ shape, dtype: 'float32' }], ([who, from], [to]) => {
    to!.fill(0);
    for (let at = 0, first = 0; at < from!.length; first += size * width)
      for (let c = 0; c < width; c++, at++) {
        const k = who![at]!;
        if (k >= 0 && k < size) to![first + k * width + c] = from![at]!;
      }
  })[0] as Tensor;
};
