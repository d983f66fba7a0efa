/** Changes made to training samples. */

import type { ColourOptions } from '@dr2net/models';

export interface DetectionCrop {
  /** How often a part of the picture is shown instead of all of it, 0 … 1. Default 0.5. */
  readonly probability?: number;
  /** Least width and height of the part, a share of the picture's, in (0, 1]; each is drawn by itself. Default 0.6. */
  readonly least?: number;
  /** Boxes of which less than this share of the area is within the part are left out, 0 … 1. Default 0.25. */
  readonly visible?: number;
}

export interface DetectionAugmentation {
  /** A random part of the picture; `false` switches it off. */
  readonly crop?: DetectionCrop | false;
  /** Size of the picture as a share of the largest that fits into the canvas, drawn from [least, most] in (0, 1]. Default [0.6, 1]. */
  readonly scale?: readonly [number, number];
  /** Probability of a mirrored picture, 0 … 1. Default 0.5; set 0 where left and right matter. */
  readonly flip?: number;
  /** Brightness, contrast, saturation, hue. Default: off. */
  readonly colour?: ColourOptions | false;
}

export interface SettledAugmentation {
  readonly crop: Required<DetectionCrop>;
  readonly scale: readonly [number, number];
  readonly flip: number;
  readonly colour: ColourOptions | false;
}

function within(name: string, value: number, least: number, most: number): void {
  if (!(value >= least && value <= most))
    throw new RangeError(`${name} is ${value}; it must lie in [${least}, ${most}].`);
}

/** @throws RangeError for values that cannot be */
export function settleAugmentation(options: DetectionAugmentation): SettledAugmentation {
  const { crop = {}, scale = [0.6, 1], flip = 0.5, colour = false } = options;
  const settled = { probability: 0.5, least: 0.6, visible: 0.25, ...(crop || { probability: 0 }) };
  within('crop.probability', settled.probability, 0, 1);
  within('crop.visible', settled.visible, 0, 1);
  within('flip', flip, 0, 1);
  if (!(settled.least > 0 && settled.least <= 1))
    throw new RangeError(`crop.least is ${settled.least}; it must lie in (0, 1].`);
  if (!(scale[0] > 0 && scale[0] <= scale[1] && scale[1] <= 1))
    throw new RangeError(`scale is [${scale.join(', ')}]; it must be [least, most] in (0, 1].`);
  if (colour)
    for (const [name, value] of Object.entries(colour)) within(`colour.${name}`, value, 0, name === 'hue' ? 0.5 : 1);
  return { crop: settled, scale, flip, colour };
}
