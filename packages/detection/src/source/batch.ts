/** A batch of images with their objects. */

import type { Batch } from '@dr2net/models';
import { type Tensor4D, tensor4d } from '@tensorflow/tfjs-core';
import type { SampleTargets } from '../augment/targets.ts';
import type { ImageSize } from '../boxes/formats.ts';
import type { DetectionImage } from '../dataset/contract.ts';
import type { Placement } from '../image/placement.ts';

export interface DetectionBatch extends Batch {
  /** [batch, height, width, 3], normalised; 0 where no picture is. */
  readonly pixels: Tensor4D;
  /** The canvas in pixels. */
  readonly canvas: ImageSize;
  /** What each picture fills of the canvas, from its upper left corner, in pixels; {@link paddingMask} makes masks of it. */
  readonly used: readonly ImageSize[];
  /** What there is to find in each picture. */
  readonly targets: readonly SampleTargets[];
  /** The images as annotated: ids, and boxes in pixels of the original. */
  readonly images: readonly DetectionImage[];
  /** Sizes of the originals in pixels. */
  readonly originals: readonly ImageSize[];
  /** The way from original to canvas; {@link boxesToImage} goes it back. */
  readonly placements: readonly Placement[];
}

/** One sample that is not in the engine yet. */
export interface DetectionSample {
  readonly image: DetectionImage;
  readonly original: ImageSize;
  readonly used: ImageSize;
  readonly placement: Placement;
  readonly targets: SampleTargets;
  /** [height, width, 3] */
  readonly pixels: Float32Array;
}

export function toBatch(samples: readonly DetectionSample[], canvas: ImageSize): DetectionBatch {
  const each = canvas.height * canvas.width * 3;
  const all = new Float32Array(samples.length * each);
  for (const [i, { pixels }] of samples.entries()) all.set(pixels, i * each);
  const pixels = tensor4d(all, [samples.length, canvas.height, canvas.width, 3]);
  return {
    ids: samples.map(({ image }) => image.id),
    size: samples.length,
    pixels,
    canvas,
    used: samples.map(({ used }) => used),
    targets: samples.map(({ targets }) => targets),
    images: samples.map(({ image }) => image),
    originals: samples.map(({ original }) => original),
    placements: samples.map(({ placement }) => placement),
    dispose: () => pixels.dispose(),
  };
}

/**
 * Where the pictures of a batch are, on the canvas or on a coarser grid of features.
 * @param grid default the canvas; a cell is of the picture where the pixel at its upper left corner is (nearest interpolation,
 * as the published detectors scale their masks)
 * @returns 1 on the picture, 0 beside it [batch, grid.height, grid.width]
 */
export function paddingMask(used: readonly ImageSize[], canvas: ImageSize, grid: ImageSize = canvas): Uint8Array {
  const mask = new Uint8Array(used.length * grid.height * grid.width);
  let at = 0;
  for (const { width, height } of used)
    for (let y = 0; y < grid.height; y++)
      for (let x = 0; x < grid.width; x++, at++)
        mask[at] =
          Math.floor((y * canvas.height) / grid.height) < height && Math.floor((x * canvas.width) / grid.width) < width
            ? 1
            : 0;
  return mask;
}
