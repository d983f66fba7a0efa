/** From `--data` and the splits to images with boxes: which are trained on, which validate. */
import {
  type DetectionDataset,
  type DetectionReadOptions,
  readDetections,
  splitDetections,
  UnknownSplitError,
} from '@dr2net/detection';
import { UsageError } from '../../errors.ts';
import { defaultValShare, requireNoShare, wanted } from '../val-share.ts';
import type { ReadingOptions } from './options.ts';

export interface DataOptions extends ReadingOptions {
  readonly data: string;
  readonly classes?: readonly string[];
}

export interface SplitOptions {
  readonly val?: string;
  readonly valShare?: number;
  readonly trainSplit?: string;
  readonly valSplit?: string;
  readonly seed: number;
}

export interface DetectionData {
  readonly train: DetectionDataset;
  /** Absent with `--val-share 0`. */
  readonly validation?: DetectionDataset;
  /** How the two were parted, in words. */
  readonly parted: string;
}

const validationNames = ['val', 'valid', 'validation', 'test'];

function readingOf({ format, exclude, onBadBox, onMissingImage, classes }: Partial<DataOptions>): DetectionReadOptions {
  return {
    ...(format && { format }),
    ...(exclude && { exclude }),
    ...(onBadBox && { onBadBox }),
    ...(onMissingImage && { onMissingImage }),
    ...(classes && { classes }),
  };
}

/** The split that was asked for, else the first usual one that is there, else undefined. */
async function splitOf(
  path: string,
  asked: string | undefined,
  usual: readonly string[],
  reading: DetectionReadOptions,
): Promise<DetectionDataset | undefined> {
  if (asked !== undefined) return readDetections(path, { ...reading, split: asked });
  for (const split of usual)
    try {
      return await readDetections(path, { ...reading, split });
    } catch (error) {
      if (!(error instanceof UnknownSplitError)) throw error;
    }
  return undefined;
}

/** Whether a detector's classes are those of the data, in whatever order. */
export const sameClasses = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((name) => b.includes(name));

const fileOf = ({ file }: DetectionDataset['images'][number]) => String(file);

function without(all: DetectionDataset, held: DetectionDataset): DetectionDataset {
  const files = new Set(held.images.map(fileOf));
  return { ...all, images: all.images.filter((image) => !files.has(fileOf(image))) };
}

/** @throws UsageError where an image is in both */
function apart({ train, validation, parted }: DetectionData): DetectionData {
  const files = new Set(validation?.images.map(fileOf));
  const both = train.images.find((image) => files.has(fileOf(image)));
  if (both)
    throw new UsageError(
      `${both.id} is trained on and validates too. Remove it from one of the splits (${parted}), or give others by --train-split and --val-split.`,
    );
  return { train, ...(validation && { validation }), parted };
}

/**
 * Validation images are those of `--val`; else those of the validation split; else a share.
 * @param known the classes of a saved detector: data of the same classes have them in its order
 * @throws UsageError, and the errors of reading
 */
export async function readTrainingImages(
  options: DataOptions & SplitOptions,
  known: readonly string[] | undefined,
): Promise<DetectionData> {
  const { data, val, valShare, seed, trainSplit, valSplit } = options;
  let reading = readingOf(options);
  const readTrain = () => splitOf(data, trainSplit, ['train'], reading);
  let train = await readTrain();
  let whole = train ?? (await readDetections(data, reading));
  if (!options.classes && known && sameClasses(known, whole.classes) && known.join() !== whole.classes.join()) {
    reading = { ...reading, classes: known };
    train = await readTrain();
    whole = train ?? (await readDetections(data, reading));
  }
  const others = { ...reading, classes: whole.classes };
  if (val !== undefined) {
    const validation = (await splitOf(val, valSplit, validationNames, others)) ?? (await readDetections(val, others));
    requireNoShare(valShare, `--val ${val}`);
    return apart({ train: whole, validation, parted: `--val ${val}` });
  }
  const validation = await splitOf(data, valSplit, validationNames, others);
  if (validation && wanted(valSplit, valShare)) {
    const rest = train ?? without(whole, validation);
    if (rest.images.length === 0)
      throw new UsageError(`All images of ${data} validate, and none is left to train on. Give --train-split.`);
    requireNoShare(valShare, `splits of ${data}`);
    return apart({ train: rest, validation, parted: `splits of ${data}` });
  }
  const share = valShare ?? defaultValShare;
  if (share === 0) return { train: whole, parted: 'no validation (--val-share 0)' };
  const { train: kept, held } = splitDetections(whole, { share, seed });
  return { train: kept, validation: held, parted: `${100 * share} % of the images held out` };
}

/**
 * The images to evaluate, with the model's classes.
 * @throws the errors of reading
 */
export async function readEvaluationImages(
  options: DataOptions & { readonly split?: string },
  labels: readonly string[],
): Promise<DetectionDataset> {
  if (options.classes)
    throw new UsageError(
      `--classes ${options.classes.join(',')}: a detector is evaluated on its own classes (${labels.join(', ')}). Leave it out; --exclude names classes of the data that the detector does not know.`,
    );
  const reading = { ...readingOf(options), classes: labels };
  const { data, split } = options;
  return (await splitOf(data, split, validationNames, reading)) ?? readDetections(data, reading);
}
