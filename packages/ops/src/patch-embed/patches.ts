/** Non-overlapping patches as rows: what a strided convolution with kernel = stride sees. */
import { reshape, type Tensor, transpose } from '@tensorflow/tfjs-core';
import { after } from '../engine.ts';

/** pixels [B, T, H, W, C] cut into tubelets of t×p×p. */
export interface Grid {
  /** B·T/t, t, H/p, p, W/p, p·C: the axes that the cut needs, neighbours merged. */
  readonly axes: readonly [number, number, number, number, number, number];
}

export function grid(shape: readonly number[], tubelet: number, patch: number): Grid {
  const [batch, frames, height, width, channels] = shape as [number, number, number, number, number];
  for (const [what, size, by] of [
    ['frames', frames, tubelet],
    ['height', height, patch],
    ['width', width, patch],
  ] as const) {
    if (!Number.isInteger(by) || by < 1)
      throw new RangeError(`patch embedding: a size of ${by} is not a positive integer`);
    if (size % by !== 0)
      throw new RangeError(`patch embedding: ${what} ${size} is no multiple of ${by}; resize or crop the input`);
  }
  return {
    axes: [(batch * frames) / tubelet, tubelet, height / patch, patch, width / patch, patch * channels],
  };
}

const order = [0, 2, 4, 1, 3, 5];
const back = [0, 3, 1, 4, 2, 5];

/** pixels → [patches, t·p·p·C], columns in the order t, y, x, channel. */
export function cut(pixels: Tensor, { axes }: Grid): Tensor {
  const six = reshape(pixels, [...axes]);
  const swapped = after(transpose(six, order), six);
  return after(reshape(swapped, [axes[0] * axes[2] * axes[4], axes[1] * axes[3] * axes[5]]), swapped);
}

/** The inverse of `cut`: rows → pixels of `shape`. */
export function paste(patches: Tensor, { axes }: Grid, shape: readonly number[]): Tensor {
  const six = reshape(
    patches,
    order.map((axis) => axes[axis]!),
  );
  const swapped = after(transpose(six, back), six);
  return after(reshape(swapped, [...shape]), swapped);
}
