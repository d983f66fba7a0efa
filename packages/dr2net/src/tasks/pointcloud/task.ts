/** The task `pointcloud`: semantic segmentation of scenes. */
import {
  isSegmenterConfig,
  type PointSegmenter,
  pointLevels,
  readModelConfig,
  segmenterMemoryModelOf,
} from '@dr2net/models';
import {
  type CloudForm,
  channelsOf,
  classWeights,
  type PointBatch,
  type PointEvaluation,
  type PointSource,
  pointSegmentation,
  pointSource,
  type SceneDataset,
  samplingOf,
  savedCloudForm,
  sourceOptionsOf,
} from '@dr2net/pointcloud';
import type { RunFolder } from '../../finetune/run-folder.ts';
import type { RunSettings } from '../../options/run.ts';
import { formatNumber } from '../../report/format.ts';
import type { FinetuneTask, Network, RunContext } from '../contract.ts';
import { extentWarning, medianRadius } from './extent.ts';
import { inFlags } from './flags.ts';
import { loadPointNetwork, type SegmenterSettings } from './model.ts';
import {
  type AugmentOptions,
  augmentationOf,
  type CoverOptions,
  cloudFormOf,
  coverOf,
  type SampleOptions,
} from './options.ts';
import { readTrainingScenes, type SceneData, type SceneOptions, type SplitOptions } from './read.ts';
import { iouInWords, withoutClasses } from './words.ts';

export interface PointcloudSettings
  extends RunSettings,
    SceneOptions,
    Omit<SplitOptions, 'seed'>,
    SampleOptions,
    CoverOptions,
    AugmentOptions,
    Omit<SegmenterSettings, keyof RunSettings> {}

interface Data extends SceneData {
  readonly form: CloudForm;
}

interface PointNetwork extends Network {
  readonly segmenter: PointSegmenter;
}

async function read(settings: PointcloudSettings): Promise<Data> {
  const config = await readModelConfig(settings.model);
  const saved = isSegmenterConfig(config) ? savedCloudForm(config) : undefined;
  return { ...(await inFlags(() => readTrainingScenes(settings))), form: cloudFormOf(settings, saved) };
}

async function load(settings: PointcloudSettings, { train, form }: Data): Promise<PointNetwork> {
  const segmenter = await loadPointNetwork(settings, train.classes.names, channelsOf(form.features));
  try {
    await inFlags(async () => pointLevels(segmenter.spec, form.points));
  } catch (error) {
    segmenter.dispose();
    throw error;
  }
  return {
    segmenter,
    training: segmenter.training,
    footprint: () => segmenterMemoryModelOf(segmenter, { points: form.points }),
    dispose: () => segmenter.dispose(),
  };
}

/** Every scene is read once; what a person should know of it is told. */
async function sourceOf(
  dataset: SceneDataset,
  settings: PointcloudSettings,
  form: CloudForm,
  training: boolean,
  { output, stop }: RunContext,
): Promise<PointSource> {
  const { batch, cache, samples } = settings;
  const options = {
    batch,
    training,
    sampling: samplingOf(form, training ? {} : coverOf(form, settings)),
    ...sourceOptionsOf(form),
    signal: stop,
    ...(cache !== undefined && { cache }),
    ...(training && { augment: augmentationOf(settings), ...(samples !== undefined && { samples }) }),
  };
  const source = await inFlags(() => pointSource(dataset, options));
  for (const note of source.notes) output.note(note);
  return source;
}

const pointsOf = ({ scenes }: PointSource) => scenes.reduce((sum, { points }) => sum + points, 0);

export const pointcloudTask: FinetuneTask<PointcloudSettings, Data, PointNetwork, PointBatch, PointEvaluation> = {
  unit: 'samples',
  read,
  load,
  async prepare(settings, choices, { form, parted, ...data }, { segmenter }, context) {
    const train = await sourceOf(data.train, settings, form, true, context);
    const validation = data.validation && (await sourceOf(data.validation, settings, form, false, context));
    const { classes } = train;
    context.output.note(
      `${train.scenes.length} scenes of ${classes.length} classes to train on (${pointsOf(train)} points, ${train.samples} samples an epoch), ` +
        `${validation?.scenes.length ?? 0} to validate on (${validation ? pointsOf(validation) : 0} points, ${validation?.samples ?? 0} samples; ${parted})`,
    );
    const without = classes.filter((_, k) => train.counts[k] === 0);
    if (without.length > 0) context.output.note(`warning: no training point is ${without.join(', ')}.`);
    const extent = extentWarning(await medianRadius(train, settings.seed, context.stop), form);
    if (extent) context.output.note(`warning: ${extent}`);
    const { labelSmoothing, read: headRead } = settings;
    const model = pointSegmentation(segmenter, {
      ...choices,
      classes,
      labelSmoothing,
      classWeights: classWeights(train.counts, settings.classWeights),
      clouds: { ...form, classes: data.train.classes },
      ...(headRead ? { read: headRead } : {}),
    });
    const shares = train.counts.map((count, k) => `${classes[k]} ${count}`);
    return {
      model,
      train,
      ...(validation ? { validation } : {}),
      described: {
        ...form,
        features: form.features.join(', '),
        classes: classes.join(', '),
        'training points': shares.join(', '),
        'training scenes': train.scenes.map(({ id }) => id).join(', '),
        'validation scenes': validation?.scenes.map(({ id }) => id).join(', ') ?? 'none',
        'scenes parted by': parted,
      },
      ...(validation && {
        show: async (folder: RunFolder, evaluation: PointEvaluation) =>
          (await import('./show.ts')).showScenes(folder, validation, evaluation),
      }),
      figures: () => ({ scenes: { training: train.scenes.length, validation: validation?.scenes.length ?? 0 } }),
    };
  },
  record({ loss, meanIou, overallAccuracy, meanAccuracy, iou, points, labels, confusion }) {
    return {
      kind: 'evaluation',
      loss,
      ...(meanIou !== null && { meanIou }),
      ...(overallAccuracy !== null && { overallAccuracy }),
      ...(meanAccuracy !== null && { meanAccuracy }),
      samples: points,
      iou,
      classes: labels,
      confusion,
    };
  },
  words: (evaluation) => `validation loss ${formatNumber(evaluation.loss)}, ${iouInWords(evaluation)}`,
  lines: (evaluation) => [`validation        ${iouInWords(evaluation)}, of ${evaluation.points} points`],
  json: withoutClasses,
};
