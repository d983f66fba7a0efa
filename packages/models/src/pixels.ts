/** Between the pixel layout of PyTorch's models (channels first) and ours (channels last). */
import { type Tensor, transpose } from '@tensorflow/tfjs-core';

/** Images [batch, channels, height, width] or clips [batch, frames, channels, height, width] → channels last. */
export function channelsLast(pixels: Tensor): Tensor {
  return transpose(pixels, pixels.rank === 5 ? [0, 1, 3, 4, 2] : [0, 2, 3, 1]);
}

/** The inverse of {@link channelsLast}, for the pixels' gradient. */
export function channelsFirst(pixels: Tensor): Tensor {
  return transpose(pixels, pixels.rank === 5 ? [0, 1, 4, 2, 3] : [0, 3, 1, 2]);
}
