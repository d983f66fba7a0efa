/** Classes of a data set: keeping some, and bringing two data sets to one order. */
import type { ClipDataset } from '@dr2net/video';
import { UsageError } from '../../errors.ts';
import { nearest } from '../../options/values.ts';

/**
 * The clips of some classes, with labels in the order of `classes`.
 * @param where names the data set in messages
 * @throws UsageError for a class that has no clip
 */
export function keepClasses(dataset: ClipDataset, classes: readonly string[], where: string): ClipDataset {
  const unknown = classes.find((name) => !dataset.labels.includes(name));
  if (unknown !== undefined)
    throw new UsageError(
      `--classes: ${where} has no class "${unknown}". ${nearest(unknown, dataset.labels)}Classes there: ${dataset.labels.join(', ')}.`,
    );
  return relabel(dataset, classes);
}

/**
 * The clips with labels in the order of `labels` (a model's, or the training set's).
 * @throws UsageError for a clip whose class is not among them
 */
export function alignLabels(dataset: ClipDataset, labels: readonly string[], where: string): ClipDataset {
  const used = new Set(dataset.clips.map(({ label }) => dataset.labels[label]!));
  const foreign = [...used].find((name) => !labels.includes(name));
  if (foreign !== undefined) {
    const clip = dataset.clips.find(({ label }) => dataset.labels[label] === foreign);
    throw new UsageError(
      `${where}: the class "${foreign}" (${clip?.id}) is not one of the ${labels.length} classes known: ${labels.join(', ')}. ` +
        `${nearest(foreign, labels)}Correct the label, or leave the class out by --classes.`,
    );
  }
  return relabel(dataset, labels);
}

function relabel({ clips, labels: old }: ClipDataset, labels: readonly string[]): ClipDataset {
  return {
    labels,
    clips: clips.flatMap((clip) => {
      const label = labels.indexOf(old[clip.label]!);
      return label < 0 ? [] : [{ ...clip, label }];
    }),
  };
}
