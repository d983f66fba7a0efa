/** Which part of the picture a sample shows, the same in all its frames. */
import type { Random } from '@dr2net/models';
import type { Size } from '../reader/contract.ts';

/** A window in pixels; may be fractional. */
export interface Window extends Size {
  readonly x: number;
  readonly y: number;
}

/** The window that is cropped. */
export interface CropOptions {
  /** Share of the picture's area, [least, most], within (0, 1]. Default [0.5, 1]. */
  readonly scale?: readonly [number, number];
  /** Width over height of the window, [least, most]. Default [3/4, 4/3]. */
  readonly ratio?: readonly [number, number];
}

/** Random resized crop (Inception's, as torchvision has it): ten tries, then the largest window of an allowed ratio. */
export function randomWindow(
  size: Size,
  random: Random,
  { scale = [0.5, 1], ratio = [3 / 4, 4 / 3] }: CropOptions = {},
): Window {
  const area = size.width * size.height;
  for (let attempt = 0; attempt < 10; attempt++) {
    const target = area * random.between(scale[0], scale[1]);
    const aspect = Math.exp(random.between(Math.log(ratio[0]), Math.log(ratio[1])));
    const width = Math.round(Math.sqrt(target * aspect));
    const height = Math.round(Math.sqrt(target / aspect));
    if (width < 1 || height < 1 || width > size.width || height > size.height) continue;
    return { width, height, x: random.below(size.width - width + 1), y: random.below(size.height - height + 1) };
  }
  const aspect = Math.min(Math.max(size.width / size.height, ratio[0]), ratio[1]);
  const width = Math.min(size.width, size.height * aspect);
  const height = width / aspect;
  return { width, height, x: (size.width - width) / 2, y: (size.height - height) / 2 };
}

/** Square window number `crop` of `crops` along the longer side; one is the centre. */
export function squareWindow(size: Size, crop = 0, crops = 1): Window {
  const side = Math.min(size.width, size.height);
  const share = crops === 1 ? 0.5 : crop / (crops - 1);
  return { width: side, height: side, x: (size.width - side) * share, y: (size.height - side) * share };
}

/** The whole picture, whatever its aspect ratio. */
export const wholeWindow = (size: Size): Window => ({ ...size, x: 0, y: 0 });
