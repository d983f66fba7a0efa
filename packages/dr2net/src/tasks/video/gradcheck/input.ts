/** What a gradient check runs on: pixels and labels from a file, or random ones. */
import { type Backbone, channelsLast, readTensorFile } from '@dr2net/models';
import { randomNormal, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { UsageError } from '../../../errors.ts';

export interface CheckInput {
  /** Channels last, as the stem takes them; owned by the caller. */
  readonly pixels: Tensor;
  readonly labels: readonly number[];
}

/** The input's key, and that of its gradient. */
export const pixelsKey = 'input.pixel_values';
const labelsKey = 'input.labels';

/**
 * Reads `input.pixel_values` (channels first: images [B, C, H, W], clips [B, T, C, H, W]) and `input.labels` [B] of a
 * safetensors file.
 * @throws UsageError when one is missing or does not fit the model
 */
export async function readInput(path: string, backbone: Backbone, classes: number): Promise<CheckInput> {
  const tensors = await readTensorFile(path);
  const [pixels, labels] = [pixelsKey, labelsKey].map((key) => {
    const found = tensors.get(key);
    if (!found)
      throw new UsageError(
        `--input ${path} has no tensor ${key}; it has ${[...tensors.keys()].slice(0, 5).join(', ') || 'none'}.`,
      );
    return found;
  });
  const [batch = 0, ...each] = pixels!.shape;
  const { kind, frames, channels, size } = backbone.input;
  const wanted = kind === 'video' ? [frames, channels, size, size] : [channels, size, size];
  if (each.length !== wanted.length || each.some((length, axis) => length !== wanted[axis]))
    throw new UsageError(
      `--input ${path}: ${pixelsKey} is [${pixels!.shape}], but the model takes [batch, ${wanted.join(', ')}] (channels first).`,
    );
  checkLabels(path, [...labels!.data], batch, classes);
  const first = tensor(pixels!.data, [...pixels!.shape]);
  const last = channelsLast(first);
  first.dispose();
  return { pixels: last, labels: [...labels!.data] };
}

function checkLabels(path: string, labels: readonly number[], batch: number, classes: number): void {
  if (labels.length !== batch || batch === 0)
    throw new UsageError(`--input ${path}: ${labels.length} labels for ${batch} samples; there must be one each.`);
  const outside = labels.find((label) => !(Number.isInteger(label) && label >= 0 && label < classes));
  if (outside !== undefined)
    throw new UsageError(
      `--input ${path}: the label ${outside} is none of the head's ${classes} classes (0 … ${classes - 1}).`,
    );
}

/** Standard normal pixels and labels 0, 1, 2, …; the same for the same seed. */
export function randomInput({ input }: Backbone, classes: number, batch: number, seed: number): CheckInput {
  const { kind, frames, channels, size } = input;
  const shape = kind === 'video' ? [batch, frames, size, size, channels] : [batch, size, size, channels];
  return {
    // tfjs takes the seed 0 for none.
    pixels: randomNormal(shape, 0, 1, 'float32', seed + 1),
    labels: Array.from({ length: batch }, (_, i) => i % classes),
  };
}
