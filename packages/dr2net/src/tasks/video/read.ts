/** From `--data` and `--val` to labelled clips: which are trained on, which are tested on. */
import { type ClipDataset, findSplits, readClips, splitClips } from '@dr2net/video';
import { UsageError } from '../../errors.ts';
import { defaultValShare, requireNoShare, wanted } from '../val-share.ts';
import { alignLabels, keepClasses } from './classes.ts';

export interface TrainingDataOptions {
  readonly data: string;
  readonly val?: string;
  readonly valShare?: number;
  readonly classes?: readonly string[];
  readonly splitColumn?: string;
  readonly trainSplit?: string;
  readonly valSplit?: string;
  readonly seed: number;
}

export interface TrainingData {
  readonly train: ClipDataset;
  /** Absent with `--val-share 0`. */
  readonly validation?: ClipDataset;
  /** How the two were parted, in words. */
  readonly parted: string;
}

const trainNames = ['train', 'training'];
const validationNames = ['val', 'valid', 'validation', 'test', 'testing'];

/**
 * Validation clips are those of `--val`; else those of the data's own validation split; else a share of each class.
 * @throws UsageError, and the errors of reading
 */
export async function readTrainingData(options: TrainingDataOptions): Promise<TrainingData> {
  const { data, val, valShare, seed } = options;
  const splits = await findSplits(data, columnOf(options));
  const trainSplit = chooseSplit('--train-split', options.trainSplit, trainNames, splits);
  const valSplit =
    val === undefined ? chooseSplit('--val-split', options.valSplit, validationNames, splits, false) : undefined;
  const train = await read(data, trainSplit, options);
  if (train.labels.length < 2)
    throw new UsageError(
      `${data} has clips of one class, "${train.labels[0]}"; there is nothing to tell apart. Give clips of two classes or more.`,
    );
  if (val !== undefined) {
    const theirs = await findSplits(val, columnOf(options));
    const split = chooseSplit('--val-split', options.valSplit, validationNames, theirs);
    requireNoShare(valShare, `--val ${val}`);
    return parted(train, await read(val, split, options), `--val ${val}`);
  }
  if (valSplit !== undefined && trainSplit !== undefined && wanted(options.valSplit, valShare)) {
    const splits = `splits ${trainSplit} and ${valSplit}`;
    requireNoShare(valShare, splits);
    return parted(train, await read(data, valSplit, options), splits);
  }
  const share = valShare ?? defaultValShare;
  if (share === 0) return { train, parted: 'no validation (--val-share 0)' };
  const { train: kept, held } = splitClips(train, { share, seed });
  return { train: kept, validation: held, parted: `${100 * share} % of each class held out` };
}

/** The clips to evaluate, with labels in the model's order. */
export async function readEvaluationData(
  options: {
    readonly data: string;
    readonly split?: string;
    readonly splitColumn?: string;
    readonly classes?: readonly string[];
  },
  labels: readonly string[],
): Promise<ClipDataset> {
  const splits = await findSplits(options.data, columnOf(options));
  const split = chooseSplit('--split', options.split, validationNames, splits);
  return alignLabels(await read(options.data, split, options), labels, options.data);
}

function parted(train: ClipDataset, validation: ClipDataset, words: string): TrainingData {
  return { train, validation: alignLabels(validation, train.labels, 'The validation clips'), parted: words };
}

async function read(
  path: string,
  split: string | undefined,
  options: { readonly classes?: readonly string[]; readonly splitColumn?: string },
): Promise<ClipDataset> {
  const dataset = await readClips(path, { ...columnOf(options), ...(split === undefined ? {} : { split }) });
  return options.classes ? keepClasses(dataset, options.classes, path) : dataset;
}

/**
 * The split that was asked for, or the one with a usual name; undefined where the data have no splits.
 * @throws UsageError for one that is not there, or when it is `needed` and none has a usual name
 */
function chooseSplit(
  flag: string,
  asked: string | undefined,
  usual: readonly string[],
  splits: readonly string[],
  needed = true,
): string | undefined {
  if (asked !== undefined && !splits.includes(asked))
    throw new UsageError(
      `${flag} ${asked}: there is no such split. ${splits.length > 0 ? `Splits: ${splits.join(', ')}.` : 'The data have none.'}`,
    );
  const chosen = asked ?? usual.find((name) => splits.includes(name));
  if (chosen === undefined && needed && splits.length > 0)
    throw new UsageError(`The data have the splits ${splits.join(', ')}; say by ${flag} which of them to take.`);
  return chosen;
}

function columnOf({ splitColumn }: { readonly splitColumn?: string }): { splitColumn?: string } {
  return splitColumn === undefined ? {} : { splitColumn };
}
