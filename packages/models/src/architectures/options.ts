/** What may be chosen when a pretrained model is loaded or made, and whether it fits the model. */
import { ModelOptionError } from '../errors.ts';

/** What may be chosen when a pretrained model is loaded or made. */
export interface ModelOptions {
  /** Keep the first `depth` blocks (and the final norm). */
  readonly depth?: number;
  /** Frames of a clip. An image model with `frames` is inflated over time. */
  readonly frames?: number;
  /** Frames of a tubelet, when an image model is inflated. Default 2. */
  readonly tubelet?: number;
  /** Height and width in pixels; learned position embeddings are resampled to it. */
  readonly size?: number;
  /** Stochastic depth of the last block while training, 0 ≤ rate < 1; rises linearly from 0 at the first. Default: the model's. */
  readonly dropPath?: number;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1;
}

/** The multiples of `unit` around a value, in words. */
function multiples(value: number, unit: number): string {
  const below = Math.floor(value / unit) * unit;
  return below >= unit ? `${below} and ${below + unit}` : `${unit}`;
}

/** The depth to build: at most the model's. */
export function chooseDepth(layers: number, depth = layers): number {
  if (!isCount(depth) || depth > layers)
    throw new ModelOptionError(`depth ${depth} does not fit: the model has ${layers} blocks; choose 1 … ${layers}.`);
  return depth;
}

/** The size to build: a multiple of the patch. */
export function chooseSize(published: number, patch: number, size = published): number {
  if (!isCount(size) || size % patch !== 0)
    throw new ModelOptionError(
      `size ${size} does not fit: it must be a multiple of the patch size ${patch}; the nearest are ${multiples(size, patch)}.`,
    );
  return size;
}

/** The frames to build: a multiple of the tubelet. */
export function chooseFrames(published: number, tubelet: number, frames = published): number {
  if (!isCount(tubelet)) throw new ModelOptionError(`tubelet ${tubelet} is not a whole number of at least 1.`);
  if (!isCount(frames) || frames % tubelet !== 0)
    throw new ModelOptionError(
      `frames ${frames} does not fit: it must be a multiple of the tubelet size ${tubelet}; the nearest are ${multiples(frames, tubelet)}.`,
    );
  return frames;
}

/** The rate of stochastic depth. */
export function chooseDropPath(published: number, rate = published): number {
  if (!(rate >= 0 && rate < 1)) throw new ModelOptionError(`dropPath ${rate} does not fit: choose 0 ≤ rate < 1.`);
  return rate;
}

/** Refuses another tubelet than the one that a video model was trained with. */
export function requireTubelet(published: number, tubelet = published): void {
  if (tubelet !== published)
    throw new ModelOptionError(
      `tubelet ${tubelet} does not fit: the model's tubelet embedding is for ${published} frames; leave the option out.`,
    );
}
