/** The task `detection`: boxes of objects in images. */
import {
  type DetectionBatch,
  type DetectionDataset,
  type DetectionEvaluation,
  type DetectionSource,
  detectionSource,
  type ObjectDetection,
  objectDetection,
} from '@dr2net/detection';
import { YolosDetector } from '@dr2net/models';
import { UsageError } from '../../errors.ts';
import type { RunFolder } from '../../finetune/run-folder.ts';
import type { RunSettings } from '../../options/run.ts';
import type { UsualTraining } from '../../options/training.ts';
import { formatNumber } from '../../report/format.ts';
import type { FinetuneTask, Network, RunContext } from '../contract.ts';
import type { Detector } from './detector.ts';
import { inFlags } from './flags.ts';
import { inspected } from './inspect.ts';
import { loadDetector, savedClasses } from './model.ts';
import { networkOptionsOf } from './network.ts';
import { type AugmentOptions, augmentationOf } from './options.ts';
import { type DataOptions, type DetectionData, readTrainingImages, type SplitOptions } from './read.ts';
import type { DetectorSettings } from './settings.ts';
import { detectionTrials, fullestImage } from './trials.ts';
import { apInWords, figuresOf } from './words.ts';

export interface DetectionSettings
  extends RunSettings,
    DataOptions,
    Omit<SplitOptions, 'seed'>,
    AugmentOptions,
    Omit<DetectorSettings, keyof RunSettings> {
  readonly inspect: boolean;
}

interface DetectionNetwork extends Network {
  readonly detector: Detector;
  /** Told once there is somebody to tell. */
  readonly notes: readonly string[];
}

/** @throws UsageError for options that every task has, but that mean nothing here */
function refuseOthers({ labelSmoothing, dropout }: DetectionSettings): void {
  if (labelSmoothing !== 0)
    throw new UsageError(`--label-smoothing ${labelSmoothing}: a detector's loss has none. Leave it out.`);
  if (dropout !== undefined)
    throw new UsageError(
      `--dropout ${dropout} is of a classifier's head; a detector has only what its configuration gives. Leave it out.`,
    );
}

async function load(settings: DetectionSettings, { train }: DetectionData): Promise<DetectionNetwork> {
  const notes: string[] = [];
  const detector = await inFlags(() => loadDetector(settings, train.classes, (text) => notes.push(text)));
  return {
    detector,
    notes,
    training: detector.training,
    footprint() {
      const model = objectDetection(detector, {
        classes: train.classes,
        ...(settings.read && { read: settings.read }),
        ...networkOptionsOf(settings, detector),
      });
      return model.footprint() ?? detectionTrials(model, train);
    },
    dispose: () => detector.dispose(),
  };
}

/**
 * Blocks under detection tokens unlearn at higher rates what they know, before the tokens have learnt to look; blocks that know nothing
 * learn like all else.
 */
function usual({ blocks }: DetectionSettings, { detector }: DetectionNetwork): UsualTraining {
  if (blocks === 'random') return { layerDecay: 1 };
  return detector instanceof YolosDetector ? { layerDecay: 0.6 } : {};
}

/** @throws UsageError for an image with more objects than can be found in one */
function requireRoom(dataset: DetectionDataset, { queries, architecture }: ObjectDetection): void {
  const { id, objects } = fullestImage(dataset);
  if (objects > queries)
    throw new UsageError(
      `${id} has ${objects} objects, and the detector finds ${queries} in an image at most. ` +
        `Make a new one around an image model with ${architecture === 'yolos' ? '--detections' : '--queries'} ${objects} or more, cut the image into parts, or leave it out.`,
    );
}

/** Before the first step and after. */
const skipped = (asked: DetectionDataset, { dataset, skipped: later }: DetectionSource) =>
  asked.images.length - dataset.images.length + later.length;

const boxesOf = ({ images }: DetectionDataset) => images.reduce((sum, { boxes }) => sum + boxes.length, 0);

/** Every image opened once before, unless a run that goes on has done so. */
async function sourceOf(
  dataset: DetectionDataset,
  training: boolean,
  settings: DetectionSettings,
  model: ObjectDetection,
  { output, stop }: RunContext,
): Promise<DetectionSource> {
  const { batch, inspect, resume, onBadImage } = settings;
  for (const note of dataset.notes) output.note(note);
  requireRoom(dataset, model);
  // A run that goes on must leave out what it left out before, or its batches would be others.
  const needed = inspect && (!resume || onBadImage === 'skip');
  const { size, mean, std } = model.input;
  return detectionSource(needed ? await inspected(dataset, settings, output, stop) : dataset, {
    ...{ size, batch, training, onBadImage },
    mean: mean as [number, number, number],
    std: std as [number, number, number],
    onSkip: (error) => output.note(`skipped: ${error.message}`),
    ...(training && { augment: augmentationOf(settings) }),
  });
}

export const detectionTask: FinetuneTask<
  DetectionSettings,
  DetectionData,
  DetectionNetwork,
  DetectionBatch,
  DetectionEvaluation
> = {
  unit: 'images',
  async read(settings) {
    refuseOthers(settings);
    const known = await savedClasses(settings.model);
    return inFlags(() => readTrainingImages(settings, known));
  },
  load,
  usual,
  async prepare(settings, choices, data, { detector, notes }, context) {
    for (const note of notes) context.output.note(note);
    const { classes } = data.train;
    const model = await inFlags(async () =>
      objectDetection(detector, {
        ...choices,
        classes,
        ...(settings.read && { read: settings.read }),
        ...networkOptionsOf(settings, detector),
      }),
    );
    context.output.note(
      `${data.train.images.length} images with ${boxesOf(data.train)} boxes of ${classes.length} classes (${classes.slice(0, 12).join(', ')}) to train on, ` +
        `${data.validation?.images.length ?? 0} with ${data.validation ? boxesOf(data.validation) : 0} to validate on (${data.parted})`,
    );
    const source = (dataset: DetectionDataset, training: boolean) =>
      inFlags(() => sourceOf(dataset, training, settings, model, context));
    const train = await source(data.train, true);
    const validation = data.validation && (await source(data.validation, false));
    return {
      model,
      train,
      ...(validation ? { validation } : {}),
      described: {
        classes: classes.join(', '),
        network: model.architecture,
        size: model.input.size.join(' × '),
        detections: model.queries,
        'training images': train.dataset.images.length,
        'training boxes': boxesOf(train.dataset),
        'boxes dropped': data.train.dropped.length + (data.validation?.dropped.length ?? 0),
        'validation images': validation?.dataset.images.length ?? 0,
        'images parted by': data.parted,
      },
      ...(validation && {
        show: async (folder: RunFolder, evaluation: DetectionEvaluation) =>
          (await import('./show.ts')).showDetections(folder, validation, evaluation),
      }),
      figures: () => ({
        droppedBoxes: { training: data.train.dropped.length, validation: data.validation?.dropped.length ?? 0 },
        skippedImages:
          skipped(data.train, train) + (data.validation && validation ? skipped(data.validation, validation) : 0),
      }),
    };
  },
  record({ loss, images, labels, stats, categories }) {
    const { AP, AP50 } = stats;
    return {
      kind: 'evaluation',
      loss,
      ...(AP !== null && { ap: AP }),
      ...(AP50 !== null && { ap50: AP50 }),
      samples: images,
      classes: labels,
      stats,
      categories,
    };
  },
  words: ({ loss, images, stats }) => `validation loss ${formatNumber(loss)}, ${apInWords(stats)} of ${images} images`,
  lines: ({ images, stats }) => [`validation        ${apInWords(stats)} of ${images} images`],
  json: figuresOf,
};
