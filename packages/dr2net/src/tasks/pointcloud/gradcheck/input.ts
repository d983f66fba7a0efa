/** What the gradient check of a segmenter runs on: clouds with features and labels, from a file or random ones. */
import { randomFrom, readTensorFile } from '@dr2net/models';
import { ignoredLabel } from '@dr2net/pointcloud';
import { UsageError } from '../../../errors.ts';

export interface CloudInput {
  readonly batch: number;
  readonly channels: number;
  /** [batch·points·3] */
  readonly positions: Float32Array;
  /** Channels first, as OpenPoints takes them: [batch, channels, points]. */
  readonly features: Float32Array;
  /** `[batch·points]`: classes, or 255 where ignored. */
  readonly labels: readonly number[];
}

const positionsKey = 'input.pos';
/** The features' key, and that of their gradient. */
export const featuresKey = 'input.x';
const labelsKey = 'input.labels';

/**
 * Reads `input.pos` [B, N, 3], `input.x` [B, C, N] and `input.labels` [B, N] of a safetensors file.
 * @throws UsageError where one is missing, or their shapes do not fit each other
 */
export async function readClouds(path: string): Promise<CloudInput> {
  const tensors = await readTensorFile(path);
  const take = (key: string) => {
    const found = tensors.get(key);
    if (!found)
      throw new UsageError(
        `--input ${path} has no tensor ${key}; it has ${[...tensors.keys()].slice(0, 5).join(', ') || 'none'}. Needed are ${positionsKey} [B, N, 3], ${featuresKey} [B, C, N] and ${labelsKey} [B, N].`,
      );
    return found;
  };
  const [pos, x, labels] = [take(positionsKey), take(featuresKey), take(labelsKey)];
  const [batch = 0, points = 0] = pos.shape;
  const channels = x.shape[1] ?? 0;
  const wanted = [
    [positionsKey, pos.shape, [batch, points, 3]],
    [featuresKey, x.shape, [batch, channels, points]],
    [labelsKey, labels.shape, [batch, points]],
  ] as const;
  for (const [key, shape, expected] of wanted)
    if (shape.join() !== expected.join() || expected.includes(0))
      throw new UsageError(
        `--input ${path}: ${key} is [${shape}], but [${expected}] fits the ${batch} clouds of ${points} points of ${positionsKey} [B, N, 3].`,
      );
  return { batch, channels, positions: pos.data, features: x.data, labels: [...labels.data] };
}

/** @throws UsageError for a label that is no class of the head */
export function checkLabels(path: string, { labels, batch }: CloudInput, classes: number): void {
  const isClass = (label: number) => Number.isInteger(label) && label >= 0 && label < classes;
  const at = labels.findIndex((label) => label !== ignoredLabel && !isClass(label));
  if (at < 0) return;
  const points = labels.length / batch;
  throw new UsageError(
    `--input ${path}: the label ${labels[at]} of point ${at % points} of cloud ${Math.floor(at / points)} is none of the head's ${classes} classes (0 … ${classes - 1}; ${ignoredLabel} is ignored).`,
  );
}

export interface RandomClouds {
  readonly batch: number;
  readonly points: number;
  readonly channels: number;
  readonly classes: number;
  readonly seed: number;
}

/** Positions uniform in a unit cube, standard normal features, labels 0, 1, 2, …; the same for the same seed. */
export function randomClouds({ batch, points, channels, classes, seed }: RandomClouds): CloudInput {
  const random = randomFrom(seed, 'gradcheck');
  return {
    batch,
    channels,
    positions: Float32Array.from({ length: batch * points * 3 }, () => random()),
    features: Float32Array.from({ length: batch * channels * points }, () => random.normal()),
    labels: Array.from({ length: batch * points }, (_, i) => i % classes),
  };
}
