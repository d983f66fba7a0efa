/** Decoded pictures (RGBA) turned upright and scaled, in plain JavaScript, so that every machine gives the same bytes. */
import { axisWeights, resample } from '@dr2net/models';
import type { Size } from './contract.ts';

/** Degrees clockwise by which the stored picture must be turned to stand upright. */
export type Rotation = 0 | 90 | 180 | 270;

/** RGBA [height, width, 4] → RGB of the upright picture [height', width', 3]. */
export function uprightRgb(rgba: Uint8Array, { width, height }: Size, rotation: Rotation): Uint8Array {
  const turned = rotation % 180 !== 0;
  const [outWidth, outHeight] = turned ? [height, width] : [width, height];
  // Where output pixel (0, 0) lies in the stored picture, and how far one step right or down leads there.
  const origin = { 0: 0, 90: (height - 1) * width, 180: height * width - 1, 270: width - 1 }[rotation];
  const right = { 0: 1, 90: -width, 180: -1, 270: width }[rotation];
  const down = { 0: width, 90: 1, 180: -width, 270: -1 }[rotation];
  const rgb = new Uint8Array(outWidth * outHeight * 3);
  for (let y = 0, to = 0; y < outHeight; y++) {
    let from = (origin + y * down) * 4;
    for (let x = 0; x < outWidth; x++, to += 3, from += right * 4) {
      rgb[to] = rgba[from] as number;
      rgb[to + 1] = rgba[from + 1] as number;
      rgb[to + 2] = rgba[from + 2] as number;
    }
  }
  return rgb;
}

/** One RGB picture at another size, with antialiasing, rounded to bytes. */
export function scaleRgb(rgb: Uint8Array, from: Size, to: Size): Uint8Array {
  if (from.width === to.width && from.height === to.height) return rgb;
  const columns = axisWeights(0, from.width, to.width, from.width);
  const rows = axisWeights(0, from.height, to.height, from.height);
  return Uint8Array.from(resample(rgb, from, rows, columns), Math.round);
}
