/** From clips with label names to a data set with label indices. */
import { nearestName } from '@dr2net/models';
import type { ClipDataset, ClipSpan } from './clip.ts';
import { DatasetError, UnknownLabelError } from './errors.ts';

/** A clip whose label is still a name. */
export interface NamedClip extends ClipSpan {
  readonly labelName: string;
}

/** Which classes there are. */
export interface LabelOptions {
  /** The classes in their order (a checkpoint's, for example); any other label is an error. Default: those found, sorted. */
  readonly labels?: readonly string[];
  /** Classes whose clips are left out. */
  readonly exclude?: readonly string[];
}

const order = new Intl.Collator('en', { numeric: true });

/**
 * A data set with label indices, from clips with label names.
 * @param where names the data set in messages
 * @throws DatasetError when no clip is left or an excluded class does not occur, UnknownLabelError for a label that is
 * not in `labels`
 */
export function labelClips(named: readonly NamedClip[], where: string, options: LabelOptions = {}): ClipDataset {
  const found = [...new Set(named.map((clip) => clip.labelName))].sort(order.compare);
  for (const name of options.exclude ?? []) {
    if (found.includes(name) || options.labels?.includes(name)) continue;
    const nearest = nearestName(name, found);
    throw new DatasetError(
      `${where}: no class "${name}" to exclude${nearest ? `; did you mean "${nearest}"?` : `; classes: ${found.join(', ')}.`}`,
    );
  }
  const kept = named.filter((clip) => !options.exclude?.includes(clip.labelName));
  const labels = (options.labels ?? found).filter((name) => !options.exclude?.includes(name));
  if (kept.length === 0)
    throw new DatasetError(
      `${where} has no clips. Expected a folder of class folders with video files, or a CSV with the columns file,label[,start,end].`,
    );
  const index = new Map(labels.map((name, i) => [name, i]));
  if (index.size !== labels.length) throw new DatasetError(`${where}: a label occurs twice in ${labels.join(', ')}.`);
  const clips = kept.map(({ labelName, ...clip }) => {
    const label = index.get(labelName);
    if (label === undefined) throw new UnknownLabelError(labelName, clip.id, labels, nearestName(labelName, labels));
    return { ...clip, label };
  });
  return { clips, labels };
}
