/** A batch of clips. */
import type { Batch } from '@dr2net/models';
import { type Tensor2D, type Tensor5D, tensor2d, tensor5d } from '@tensorflow/tfjs-core';

export interface ClipBatch extends Batch {
  /** [batch, frames, size, size, 3], normalised. */
  readonly pixels: Tensor5D;
  /** `[batch, classes]`: one-hot, or mixed by mixup and CutMix; rows sum to 1. */
  readonly targets: Tensor2D;
  /** The clips' own classes. */
  readonly labels: readonly number[];
}

/** A batch that is not in the engine yet. */
export interface RawBatch {
  readonly ids: readonly string[];
  readonly labels: readonly number[];
  /** [batch, frames, size, size, 3] */
  readonly pixels: Float32Array;
  /** [batch, classes] */
  readonly targets: Float32Array;
}

/** @param shape frames and size of a sample, and the number of classes */
export function toBatch(raw: RawBatch, shape: { frames: number; size: number; classes: number }): ClipBatch {
  const { ids, labels } = raw;
  const { frames, size, classes } = shape;
  const pixels = tensor5d(raw.pixels, [ids.length, frames, size, size, 3]);
  let targets: Tensor2D;
  try {
    targets = tensor2d(raw.targets, [ids.length, classes]);
  } catch (error) {
    pixels.dispose();
    throw error;
  }
  return {
    ids,
    labels,
    size: ids.length,
    pixels,
    targets,
    dispose() {
      pixels.dispose();
      targets.dispose();
    },
  };
}
