/** Which part of a picture a sample shows, and how large. */

import type { Random } from '@dr2net/models';
import type { ImageSize } from '../boxes/formats.ts';
import type { DetectionBox } from '../dataset/contract.ts';
import { type Placement, placementOf, type Window } from '../image/placement.ts';
import type { SettledAugmentation } from './options.ts';
import { anySeen } from './targets.ts';

export interface View {
  readonly window: Window;
  /** What the picture fills of the canvas, from its upper left corner, in whole pixels. */
  readonly used: ImageSize;
  readonly flipped: boolean;
  readonly placement: Placement;
}

/** @param share of the largest size that fits, (0, 1] */
function viewOf(window: Window, canvas: ImageSize, share: number, flipped: boolean): View {
  const scale = share * Math.min(canvas.width / window.width, canvas.height / window.height);
  const side = (length: number, most: number) => Math.min(most, Math.max(1, Math.round(length * scale)));
  const used = { width: side(window.width, canvas.width), height: side(window.height, canvas.height) };
  return { window, used, flipped, placement: placementOf(window, used, flipped) };
}

const wholeOf = (image: ImageSize): Window => ({ x: 0, y: 0, width: image.width, height: image.height });

/** The whole picture, as large as fits into the canvas. */
export const plainView = (image: ImageSize, canvas: ImageSize): View => viewOf(wholeOf(image), canvas, 1, false);

/** Ten tries for a part in which an object is seen, else the whole picture. */
function randomWindow(
  image: ImageSize,
  boxes: readonly DetectionBox[],
  random: Random,
  { least, visible }: SettledAugmentation['crop'],
): Window {
  const needed = boxes.some(({ crowd }) => !crowd);
  for (let attempt = 0; attempt < 10; attempt++) {
    const width = Math.max(1, Math.round(image.width * random.between(least, 1)));
    const height = Math.max(1, Math.round(image.height * random.between(least, 1)));
    const window = {
      width,
      height,
      x: random.below(image.width - width + 1),
      y: random.below(image.height - height + 1),
    };
    if (!needed || anySeen(boxes, window, visible)) return window;
  }
  return wholeOf(image);
}

/** @param random gives the generator for a purpose, so that one change's draws do not depend on which others are on */
export function randomView(
  image: ImageSize,
  boxes: readonly DetectionBox[],
  canvas: ImageSize,
  random: (purpose: string) => Random,
  { crop, scale, flip }: SettledAugmentation,
): View {
  const cutting = random('crop');
  const window = cutting() < crop.probability ? randomWindow(image, boxes, cutting, crop) : wholeOf(image);
  return viewOf(window, canvas, random('scale').between(scale[0], scale[1]), random('flip')() < flip);
}
