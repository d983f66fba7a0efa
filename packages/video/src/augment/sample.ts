/** From stored frames to the pixels of one sample: crop, scale, flip, colour, normalise, erase. */
import { axisWeights, type ColourOptions, jitterColour, type Random, resample } from '@dr2net/models';
import type { StoredClip } from '../reader/store.ts';
import { type EraseOptions, eraseRandomly } from './erase.ts';
import { type CropOptions, randomWindow, type Window } from './geometry.ts';
import type { MixOptions } from './mix.ts';

/** Changes made to training samples; each is off when absent, unless a default is given. */
export interface Augmentation {
  /** Random resized crop; on by default, `false` switches it off. */
  readonly crop?: CropOptions | false;
  /** Probability of a mirrored clip, 0 … 1; default 0.5. Set 0 where the label tells left from right. */
  readonly flip?: number;
  readonly colour?: ColourOptions;
  readonly erase?: EraseOptions;
  /** Mixup and CutMix over the batch. */
  readonly mix?: MixOptions;
}

/** Values in 0 … 1 become (value − mean)/std, channel by channel. */
export interface Normalisation {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

export interface SampleOptions extends Normalisation {
  /** Height and width in pixels. */
  readonly size: number;
}

/** Frames (numbers in the clip, not descending) scaled from a window to [frames, size, size, 3], values in 0 … 1. */
async function cut(
  clip: StoredClip,
  frames: readonly number[],
  window: Window,
  size: number,
  flip: boolean,
): Promise<Float32Array> {
  const distinct = [...new Set(frames)];
  const bytes = await clip.frames(distinct.map((frame) => clip.indices.indexOf(frame)));
  const stored = clip.size.width * clip.size.height * 3;
  const columns = axisWeights(window.x, window.width, size, clip.size.width, flip);
  const rows = axisWeights(window.y, window.height, size, clip.size.height);
  const scaled = distinct.map((_, i) =>
    resample(bytes.subarray(i * stored, (i + 1) * stored), clip.size, rows, columns).map((value) => value / 255),
  );
  const out = new Float32Array(frames.length * size * size * 3);
  for (const [i, frame] of frames.entries())
    out.set(scaled[distinct.indexOf(frame)] as Float32Array, i * size * size * 3);
  return out;
}

function normalise(pixels: Float32Array, { mean, std }: Normalisation): void {
  for (let c = 0; c < 3; c++) {
    const [centre, scale] = [mean[c] as number, 1 / (std[c] as number)];
    for (let i = c; i < pixels.length; i += 3) pixels[i] = ((pixels[i] as number) - centre) * scale;
  }
}

/** A sample as evaluation wants it: [frames, size, size, 3], normalised. */
export async function plainSample(
  clip: StoredClip,
  frames: readonly number[],
  window: Window,
  options: SampleOptions,
): Promise<Float32Array> {
  const pixels = await cut(clip, frames, window, options.size, false);
  normalise(pixels, options);
  return pixels;
}

/**
 * A sample as training wants it: [frames, size, size, 3], normalised.
 * @param random gives the generator for a purpose, so that one change's draws do not depend on which others are on
 * @param whole what is shown without a random crop
 */
export async function augmentedSample(
  clip: StoredClip,
  frames: readonly number[],
  whole: Window,
  random: (purpose: string) => Random,
  augmentation: Augmentation,
  options: SampleOptions,
): Promise<Float32Array> {
  const { crop, flip = 0.5, colour, erase } = augmentation;
  const window = crop === false ? whole : randomWindow(clip.size, random('crop'), crop);
  const pixels = await cut(clip, frames, window, options.size, random('flip')() < flip);
  if (colour) jitterColour(pixels, random('colour'), colour);
  normalise(pixels, options);
  if (erase) eraseRandomly(pixels, options.size, random('erase'), erase);
  return pixels;
}
