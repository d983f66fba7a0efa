/** The task `video`: action recognition on clips. */
import { memoryModelOf, type TransformerBackbone } from '@dr2net/models';
import { type ClipBatch, type ClipForm, type RecognitionEvaluation, savedClipForm } from '@dr2net/video';
import type { RunSettings } from '../../options/run.ts';
import { formatNumber, formatPercent } from '../../report/format.ts';
import type { FinetuneTask, Network, Prepared, RunContext } from '../contract.ts';
import { loadVideoBackbone, type ModelSettings, makeRecognizer } from './model.ts';
import { type AugmentOptions, augmentationOf, type ClipOptions, type ViewOptions } from './options.ts';
import { readTrainingData, type TrainingData, type TrainingDataOptions } from './read.ts';
import { clipFormOf, evaluationSource, inspected, trainingSource } from './source.ts';

export interface VideoSettings
  extends RunSettings,
    ClipOptions,
    ViewOptions,
    AugmentOptions,
    Omit<TrainingDataOptions, keyof ClipOptions | 'seed'>,
    Omit<ModelSettings, keyof RunSettings> {
  readonly inspect: boolean;
}

interface VideoNetwork extends Network {
  readonly backbone: TransformerBackbone;
}

async function load(settings: VideoSettings, { train }: TrainingData): Promise<VideoNetwork> {
  const backbone = await loadVideoBackbone(settings);
  const { dropout = 0, pooling } = settings;
  return {
    backbone,
    training: backbone.training,
    footprint: () =>
      memoryModelOf(backbone, { classes: train.labels.length, dropout, ...(pooling ? { pooling } : {}) }),
    dispose: () => backbone.dispose(),
  };
}

/** Batches of the training and the validation clips, each clip opened once before. */
async function makeSources(
  { train, validation, parted }: TrainingData,
  settings: VideoSettings,
  { backbone, clips }: { readonly backbone: TransformerBackbone; readonly clips: ClipForm },
  { output, stop }: RunContext,
) {
  // A run that goes on must leave out what it left out before, or its batches would be others.
  const needed = settings.inspect && (!settings.resume || settings.onBadClip === 'skip');
  const check = async (dataset: TrainingData['train']) =>
    needed ? inspected(dataset, settings, output, stop) : dataset;
  const shared = { input: backbone.input, batch: settings.batch, options: settings, clips, output };
  output.note(
    `${train.clips.length} clips of ${train.labels.length} classes to train on, ${validation?.clips.length ?? 0} to validate on (${parted})`,
  );
  return {
    train: trainingSource(await check(train), shared, augmentationOf(settings)),
    ...(validation ? { validation: evaluationSource(await check(validation), shared, settings) } : {}),
  };
}

export const videoTask: FinetuneTask<VideoSettings, TrainingData, VideoNetwork, ClipBatch, RecognitionEvaluation> = {
  unit: 'clips',
  read: readTrainingData,
  load,
  async prepare(settings, choices, data, { backbone }, context): Promise<Prepared<ClipBatch, RecognitionEvaluation>> {
    const clips = clipFormOf(settings, savedClipForm(backbone.config));
    const { labels } = data.train;
    const model = makeRecognizer(backbone, labels, settings, { ...choices, clips });
    try {
      const { train, validation } = await makeSources(data, settings, { backbone, clips }, context);
      return {
        model,
        train,
        ...(validation ? { validation } : {}),
        described: {
          ...clips,
          classes: labels.join(', '),
          'training clips': data.train.clips.length,
          'validation clips': data.validation?.clips.length ?? 0,
          'clips parted by': data.parted,
        },
        figures: () => ({ skippedClips: train.skipped.length + (validation?.skipped.length ?? 0) }),
      };
    } catch (error) {
      model.dispose();
      throw error;
    }
  },
  record: ({ loss, top1, top5, clips, labels, confusion }) => ({
    kind: 'evaluation',
    loss,
    top1,
    // With five classes or fewer every clip is among the first five.
    ...(labels.length > 5 ? { top5 } : {}),
    samples: clips,
    classes: labels,
    confusion,
  }),
  words({ loss, top1, top5, clips, labels }) {
    const five = labels.length > 5 ? `, top-5 ${formatPercent(top5)}` : '';
    return `validation loss ${formatNumber(loss)}, top-1 ${formatPercent(top1)}${five} of ${clips} clips`;
  },
  lines: ({ top1, clips }) => [`validation top-1  ${formatPercent(top1)} of ${clips} clips`],
  json: (evaluation) => evaluation,
};
