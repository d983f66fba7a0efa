/** A data set without lists of its own, parted in two. */
import { randomFrom } from '@dr2net/models';
import type { DetectionDataset, DetectionImage } from './contract.ts';
import { DetectionDatasetError } from './errors.ts';

/** How {@link splitDetections} parts a data set. */
export interface DetectionSplitOptions {
  /** The share of the images that is held out, in (0, 1). Default 0.2. */
  readonly share?: number;
  readonly seed?: number;
}

/**
 * Parts the images at random, and those whose rarest class is the same by the same share, so that rare classes are in both
 * parts where they are in two images at least.
 * @throws DetectionDatasetError where there is one image only
 */
export function splitDetections(
  dataset: DetectionDataset,
  { share = 0.2, seed = 0 }: DetectionSplitOptions = {},
): { train: DetectionDataset; held: DetectionDataset } {
  if (!(share > 0 && share < 1)) throw new RangeError(`share is ${share}; it must lie between 0 and 1.`);
  if (dataset.images.length < 2)
    throw new DetectionDatasetError('One image cannot be both trained and tested on; add images.');
  const counts = dataset.classes.map(() => 0);
  for (const { boxes } of dataset.images) for (const { label } of boxes) counts[label] = (counts[label] as number) + 1;
  const rarest = ({ boxes }: DetectionImage) =>
    boxes.reduce<number | undefined>(
      (least, { label }) =>
        least === undefined || (counts[label] as number) < (counts[least] as number) ? label : least,
      undefined,
    );
  const groups = new Map<number | undefined, DetectionImage[]>();
  for (const image of dataset.images) {
    const group = rarest(image);
    groups.set(group, [...(groups.get(group) ?? []), image]);
  }
  const held = new Set<DetectionImage>();
  for (const [group, images] of groups) {
    const count = images.length === 1 ? 0 : Math.min(images.length - 1, Math.max(1, Math.round(images.length * share)));
    for (const image of randomFrom(seed, 'split', group ?? 'none')
      .shuffle(images)
      .slice(0, count))
      held.add(image);
  }
  // Each image may be the only one of its kind.
  if (held.size === 0) held.add(randomFrom(seed, 'split').shuffle(dataset.images)[0] as DetectionImage);
  const part = (wanted: boolean) => ({
    ...dataset,
    images: dataset.images.filter((image) => held.has(image) === wanted),
  });
  return { train: part(false), held: part(true) };
}
