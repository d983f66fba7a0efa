/** What the gradient check of a detector runs on: pictures with objects, from a file or random ones. */
import type { DetectorBatch } from '@dr2net/detection';
import { channelsLast, type PictureSize, randomFrom, readTensorFile } from '@dr2net/models';
import { randomNormal, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { UsageError } from '../../../errors.ts';

type Objects = DetectorBatch['targets'][number];

/** What a detector takes and finds. */
export interface PictureForm {
  readonly size: PictureSize;
  /** Whether pictures of other sizes will do, too. */
  readonly anySize: boolean;
  readonly channels: number;
  readonly classes: number;
  /** Objects that can be found in a picture. */
  readonly queries: number;
}

export interface PictureInput {
  /** [batch, height, width, channels]; owned by the caller. */
  readonly pixels: Tensor;
  /** Of each picture. */
  readonly targets: readonly Objects[];
}

/** The pixels' key, and that of their gradient. */
export const pixelsKey = 'input.pixel_values';
const labelsKey = 'input.labels';
const boxesKey = 'input.boxes';

/** The objects of a picture: those whose label is no −1. */
function objectsOf(labels: ArrayLike<number>, boxes: ArrayLike<number>, from: number, count: number): Objects {
  const there = Array.from({ length: count }, (_, i) => from + i).filter((at) => labels[at] !== -1);
  return {
    labels: Int32Array.from(there, (at) => labels[at] as number),
    boxes: Float32Array.from(there.flatMap((at) => [0, 1, 2, 3].map((k) => boxes[4 * at + k] as number))),
  };
}

/** @throws UsageError for a label that is no class, a box without area, or more objects than can be found */
function checkObjects(path: string, targets: readonly Objects[], { classes, queries }: PictureForm): void {
  for (const [picture, { labels, boxes }] of targets.entries()) {
    const outside = Array.from(labels).find((label) => !(Number.isInteger(label) && label >= 0 && label < classes));
    if (outside !== undefined)
      throw new UsageError(
        `--input ${path}: the label ${outside} of picture ${picture} is none of the detector's ${classes} classes (0 … ${classes - 1}; -1 is no object).`,
      );
    const empty = Array.from(labels, (_, i) => i).find((i) => !(boxes[4 * i + 2]! > 0 && boxes[4 * i + 3]! > 0));
    if (empty !== undefined)
      throw new UsageError(
        `--input ${path}: object ${empty} of picture ${picture} is ${boxes[4 * empty + 2]} wide and ${boxes[4 * empty + 3]} high; both must be above 0 (boxes are centre, width, height, as shares of the picture).`,
      );
    if (labels.length > queries)
      throw new UsageError(
        `--input ${path}: picture ${picture} has ${labels.length} objects, and the detector finds ${queries} in one at most.`,
      );
  }
}

/**
 * Reads `input.pixel_values` [B, C, H, W], `input.labels` [B, objects] (−1 where a picture has fewer) and `input.boxes`
 * [B, objects, 4] (centre, width, height, as shares of the picture) of a safetensors file.
 * @throws UsageError where one is missing, or does not fit the detector
 */
export async function readPictures(path: string, form: PictureForm): Promise<PictureInput> {
  const tensors = await readTensorFile(path);
  const take = (key: string) => {
    const found = tensors.get(key);
    if (!found)
      throw new UsageError(
        `--input ${path} has no tensor ${key}; it has ${[...tensors.keys()].slice(0, 5).join(', ') || 'none'}. Needed are ${pixelsKey} [B, C, H, W], ${labelsKey} [B, objects] and ${boxesKey} [B, objects, 4].`,
      );
    return found;
  };
  const [pixels, labels, boxes] = [take(pixelsKey), take(labelsKey), take(boxesKey)];
  const [batch = 0, , height = 0, width = 0] = pixels.shape;
  const size = form.anySize ? [height, width] : form.size;
  const [, objects = 0] = labels.shape;
  const wanted = [
    [pixelsKey, pixels.shape, [batch, form.channels, ...size]],
    [labelsKey, labels.shape, [batch, objects]],
    [boxesKey, boxes.shape, [batch, objects, 4]],
  ] as const;
  for (const [key, shape, expected] of wanted)
    if (shape.join() !== expected.join() || batch === 0)
      throw new UsageError(
        `--input ${path}: ${key} is [${shape}], but [${expected}] fits the detector and the ${batch} pictures of ${pixelsKey} [B, C, H, W].`,
      );
  for (const [key, { data }] of [[pixelsKey, pixels] as const, [boxesKey, boxes] as const]) {
    const at = data.findIndex((value) => !Number.isFinite(value));
    if (at >= 0) throw new UsageError(`--input ${path}: number ${at} of ${key} is ${data[at]}; all must be finite.`);
  }
  const targets = Array.from({ length: batch }, (_, i) => objectsOf(labels.data, boxes.data, i * objects, objects));
  checkObjects(path, targets, form);
  const first = tensor(pixels.data, [...pixels.shape]);
  const last = channelsLast(first);
  first.dispose();
  return { pixels: last, targets };
}

/** Standard normal pixels and up to three objects in each picture; the same for the same seed. */
export function randomPictures(
  { size, channels, classes, queries }: PictureForm,
  batch: number,
  seed: number,
): PictureInput {
  const random = randomFrom(seed, 'gradcheck');
  const objects = Math.min(3, queries);
  return {
    // tfjs takes the seed 0 for none.
    pixels: randomNormal([batch, ...size, channels], 0, 1, 'float32', seed + 1),
    targets: Array.from({ length: batch }, (_, i) => ({
      labels: Int32Array.from({ length: objects }, (_, k) => (i + k) % classes),
      boxes: Float32Array.from({ length: 4 * objects }, (_, k) =>
        k % 4 < 2 ? 0.2 + 0.6 * random() : 0.1 + 0.3 * random(),
      ),
    })),
  };
}
