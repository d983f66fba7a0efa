/** From a loaded picture to the numbers on the canvas. */

import { axisWeights, type ColourOptions, jitterColour, type Random, resample } from '@dr2net/models';
import type { ImageSize } from '../boxes/formats.ts';
import type { LoadedImage } from '../image/load.ts';
import type { View } from './geometry.ts';

/** Values in 0 … 1 become (value − mean) / std, channel by channel. */
export interface Normalisation {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/**
 * @param colour changed at random, after scaling
 * @returns [canvas.height, canvas.width, 3], normalised; 0 to the right of the picture and below it
 */
export function render(
  image: LoadedImage,
  { window, used, flipped }: View,
  canvas: ImageSize,
  { mean, std }: Normalisation,
  colour?: { readonly options: ColourOptions; readonly random: Random },
): Float32Array {
  // The picture may have been reduced when it was decoded.
  const [across, down] = [image.width / image.original.width, image.height / image.original.height];
  const columns = axisWeights(window.x * across, window.width * across, used.width, image.width, flipped);
  const rows = axisWeights(window.y * down, window.height * down, used.height, image.height);
  const picture = resample(image.pixels, image, rows, columns);
  for (let i = 0; i < picture.length; i++) picture[i] = (picture[i] as number) / 255;
  if (colour) jitterColour(picture, colour.random, colour.options);
  const out = new Float32Array(canvas.height * canvas.width * 3);
  const factors = std.map((value) => 1 / value);
  for (let y = 0, from = 0; y < used.height; y++)
    for (let x = 0, to = y * canvas.width * 3; x < used.width; x++)
      for (let c = 0; c < 3; c++, from++, to++)
        out[to] = ((picture[from] as number) - (mean[c] as number)) * (factors[c] as number);
  return out;
}
