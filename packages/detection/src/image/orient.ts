/** Pictures turned upright, by EXIF's orientation. */
import type { ImageSize } from '../boxes/formats.ts';
import type { Orientation } from './contract.ts';

/** The size of the upright picture. */
export const uprightSize = ({ width, height }: ImageSize, orientation: Orientation): ImageSize =>
  orientation >= 5 ? { width: height, height: width } : { width, height };

/**
 * @param rgb [height, width, 3], as stored
 * @returns the upright picture; the same array where it stands upright
 */
export function turnUpright(rgb: Uint8Array, stored: ImageSize, orientation: Orientation): Uint8Array {
  if (orientation === 1) return rgb;
  const { width, height } = stored;
  const upright = uprightSize(stored, orientation);
  const [right, bottom] = [width - 1, (height - 1) * width];
  // Where the upright picture's first pixel is stored, and how far a step right and a step down lead there.
  const [origin, across, down] = {
    2: [right, -1, width],
    3: [right + bottom, -1, -width],
    4: [bottom, 1, -width],
    5: [0, width, 1],
    6: [bottom, -width, 1],
    7: [right + bottom, -width, -1],
    8: [right, width, -1],
  }[orientation] as [number, number, number];
  const out = new Uint8Array(rgb.length);
  for (let y = 0, to = 0; y < upright.height; y++)
    for (let x = 0, from = 3 * (origin + y * down); x < upright.width; x++, to += 3, from += 3 * across) {
      out[to] = rgb[from] as number;
      out[to + 1] = rgb[from + 1] as number;
      out[to + 2] = rgb[from + 2] as number;
    }
  return out;
}
