/**
 * Contrastive denoising (DINO, arXiv 2203.03605, section 3.3): the decoder learns to find objects again whose boxes and labels were
 * noised, and to say 'nothing' of boxes that were noised more, without any matching. Queries come in groups that do not see each other;
 * a group has one query to be found and one to be refused for each object.
 */
import { type DenoisingQueries, type Random, randomFrom } from '@dr2net/models';
import type { Context } from '@dr2net/ops';
import type { DetectionTargets, Match } from '../matching/contract.ts';
import { noisedBox } from './noised-box.ts';
import { type DenoisingOptions, settleDenoising } from './options.ts';

/** Noised objects as queries, and which of them is to find which object. */
export interface Denoising {
  readonly queries: DenoisingQueries;
  /** For `matchedLoss`: which of the queries is to find which object. The others are to find nothing. */
  readonly matches: readonly Match[];
}

const most = (targets: readonly DetectionTargets[]) =>
  targets.reduce((count, { labels }) => Math.max(count, labels.length), 0);

/** Groups of queries, where the fullest image of the batch has so many objects. */
const groupsOf = (objects: number, queries: number) => Math.max(1, Math.floor(queries / (2 * objects)));

/** Queries an image, where the fullest image of the batch has so many objects. */
export const denoisingCount = (objects: number, options: DenoisingOptions): number =>
  groupsOf(objects, settleDenoising(options).queries) * 2 * objects;

function boxOf({ boxes }: DetectionTargets, i: number): [number, number, number, number] {
  return [0, 1, 2, 3].map((k) => boxes[4 * i + k] as number) as [number, number, number, number];
}

/** A group: the first half of its queries is to be found again, object by object, the second half is not. */
function writeGroup(
  { labels, boxes }: DenoisingQueries,
  at: number,
  half: number,
  objects: DetectionTargets,
  classes: number,
  { flips, noise: [least, largest] }: Required<DenoisingOptions>,
  random: Random,
): void {
  for (const [first, noise] of [
    [at, [0, least]],
    [at + half, [least, largest]],
  ] as const)
    for (let i = 0; i < objects.labels.length; i++) {
      const flipped = random() < flips;
      labels[first + i] = flipped ? random.below(classes) : (objects.labels[i] as number);
      boxes.set(noisedBox(boxOf(objects, i), noise, random), 4 * (first + i));
    }
}

/**
 * Noised objects as queries for a training step (DINO, arXiv 2203.03605, section 3.3).
 * @param context of the step: equal ones give equal noise
 * @returns null where no image of the batch has an object
 * @throws RangeError for options that cannot be
 */
export function denoisingQueries(
  targets: readonly DetectionTargets[],
  classes: number,
  context: Context,
  options: DenoisingOptions = {},
): Denoising | null {
  const settled = settleDenoising(options);
  const half = most(targets);
  if (half === 0) return null;
  const groups = groupsOf(half, settled.queries);
  const count = groups * 2 * half;
  const queries: DenoisingQueries = {
    ...{ count, groups },
    labels: new Int32Array(targets.length * count),
    boxes: new Float32Array(4 * targets.length * count),
  };
  const { seed } = context.child('denoising');
  for (const [image, objects] of targets.entries())
    for (let group = 0; group < groups; group++) {
      const at = image * count + group * 2 * half;
      writeGroup(queries, at, half, objects, classes, settled, randomFrom(seed, image, group));
    }
  const matches = targets.map(({ labels: { length } }) => ({
    queries: Int32Array.from({ length: groups * length }, (_, i) => Math.floor(i / length) * 2 * half + (i % length)),
    targets: Int32Array.from({ length: groups * length }, (_, i) => i % length),
  }));
  return { queries, matches };
}
