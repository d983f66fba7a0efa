/** A data set parted in two, class by class. */
import { randomFrom } from '@dr2net/models';
import type { Clip, ClipDataset } from './clip.ts';
import { DatasetError } from './errors.ts';

/** How {@link splitClips} parts a data set. */
export interface SplitOptions {
  /** The share of each class that is held out, in (0, 1); at least one clip of each, and at least one stays. Default 0.2. */
  readonly share?: number;
  readonly seed?: number;
}

/**
 * Parts every class at random by the same share, so that both parts have every class that occurs.
 * @throws DatasetError when a class has one clip only
 */
export function splitClips(
  dataset: ClipDataset,
  { share = 0.2, seed = 0 }: SplitOptions = {},
): { train: ClipDataset; held: ClipDataset } {
  if (!(share > 0 && share < 1)) throw new RangeError(`share is ${share}; it must lie between 0 and 1.`);
  const held = new Set<Clip>();
  for (const [label, name] of dataset.labels.entries()) {
    const clips = dataset.clips.filter((clip) => clip.label === label);
    if (clips.length === 1)
      throw new DatasetError(
        `Class "${name}" has one clip only (${clips[0]?.id}), which cannot be both trained and tested on. ` +
          'Add clips, leave the class out (exclude), or give a validation set of your own.',
      );
    const count = Math.min(clips.length - 1, Math.max(1, Math.round(clips.length * share)));
    const random = randomFrom(seed, 'split', name);
    for (const clip of random.shuffle(clips).slice(0, count)) held.add(clip);
  }
  const part = (wanted: boolean): ClipDataset => ({
    labels: dataset.labels,
    clips: dataset.clips.filter((clip) => held.has(clip) === wanted),
  });
  return { train: part(false), held: part(true) };
}
