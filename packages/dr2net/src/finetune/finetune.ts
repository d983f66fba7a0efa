/** Finetuning from the command line's options: data, model, loop, folder. */
import { basename } from 'node:path';
import { type Backend, startBackend } from '@dr2net/backends';
import { parseBytes } from '@dr2net/memory';
import { tune } from '@dr2net/ops';
import { finetune, progressReporter } from '@dr2net/train';
import { type ClipSource, type RecognitionEvaluation, savedClipForm } from '@dr2net/video';
import { readTrainingData, type TrainingData, type TrainingDataOptions } from '../data/read.ts';
import { clipFormOf, evaluationSource, inspected, type SourceContext, trainingSource } from '../data/source.ts';
import { InterruptedError } from '../errors.ts';
import type { ClipOptions, ViewOptions } from '../options/data.ts';
import { coefficientsOf, methodOf } from '../options/method.ts';
import type { BackendOption } from '../options/model.ts';
import { learningRateSchedule, type ScheduleOptions } from '../options/schedule.ts';
import { augmentationOf, clipOf, lengthOf, optimizerOf, type TrainingOptions } from '../options/training.ts';
import type { Output } from '../output.ts';
import { formatNumber, formatPercent } from '../report/format.ts';
import { Journal } from './journal.ts';
import { loadVideoBackbone, type ModelSettings, makeRecognizer } from './model.ts';
import { plannedRun } from './planned.ts';
import { RunFolder } from './run-folder.ts';
import { type RunFigures, Summary } from './summary.ts';
import { tileStore } from './tiles.ts';

export interface FinetuneSettings
  extends ClipOptions,
    ViewOptions,
    Omit<TrainingDataOptions, keyof ClipOptions>,
    ModelSettings,
    ScheduleOptions,
    TrainingOptions,
    BackendOption {
  readonly task: 'video';
  readonly out: string;
  readonly label?: string;
  /** A size, or `device`. */
  readonly budget?: string;
  readonly inspect: boolean;
}

/** What `--json` prints. */
export interface FinetuneResult extends RunFigures {
  readonly out: string;
  /** The folder of the finetuned model. */
  readonly model: string;
  readonly report: string;
  readonly backend: string;
  readonly method: string;
  /** The last ones, saved with the model. */
  readonly alpha: number;
  readonly beta: number;
  readonly skippedClips: number;
}

/**
 * Runs. What can be refused is refused before the first step.
 * @param stop ends the run after the step at hand, with a checkpoint
 * @throws InterruptedError after `stop`
 */
export async function runFinetune(asked: FinetuneSettings, output: Output, stop: AbortSignal): Promise<FinetuneResult> {
  // Refused now when it cannot be; chosen again with what the model says.
  coefficientsOf(asked, methodOf(asked, 'exact').name, undefined);
  if (asked.budget !== undefined && asked.budget !== 'device') parseBytes(asked.budget);
  const length = lengthOf(asked);
  const learningRate = learningRateSchedule(asked);
  const optimizer = await optimizerOf(asked, asked.lr);
  const data = await readTrainingData(asked);
  const folder = await RunFolder.open(asked.out, asked);
  const owned: { dispose(): void }[] = [{ dispose: () => folder.close() }];
  try {
    const backend = await startBackend(asked.backend);
    output.note(`backend ${backend.name}: ${backend.device}`);
    await tune({ store: tileStore });
    const backbone = await loadVideoBackbone(asked);
    owned.push(backbone);
    const { labels } = data.train;
    const planned = plannedRun(asked, backbone, labels.length, backend, output);
    const { settings, method, coefficients, schedule, leaner } = planned;
    const label = asked.label ?? method.name;
    const clips = clipFormOf(settings, savedClipForm(backbone.config));
    const model = makeRecognizer(backbone, labels, settings, { method, coefficients, clips });
    owned.push(model);
    const { train, validation } = await makeSources(data, {
      ...{ input: backbone.input, settings, clips, output, stop },
    });
    const journal = new Journal(folder, `${label} on ${basename(settings.model)}`, settings.resume ?? false);
    if (!settings.resume) {
      await folder.begin();
      folder.append({
        kind: 'settings',
        label,
        settings: describe(settings, data, backend, { method, schedule, learningRate, ...clips }),
      });
    }
    const clip = clipOf(settings);
    const run = finetune(model, train, {
      ...length,
      method,
      leaner,
      schedule,
      optimizer,
      learningRate,
      update: settings.update,
      accumulate: settings.accumulate,
      chunks: settings.chunks,
      seed: settings.seed,
      ...(clip ? { clip } : {}),
      ...(settings.ema === undefined ? {} : { ema: settings.ema }),
      ...(validation ? { evaluate: { source: validation, every: settings.evaluateEvery } } : {}),
      checkpoint: {
        folder: folder.checkpoint,
        resume: settings.resume ?? false,
        ...(settings.checkpointEvery === undefined ? {} : { every: settings.checkpointEvery }),
      },
      signal: stop,
      backend,
    });
    const progress = progressReporter(output.progress, { unit: 'clips', evaluation: inWords });
    const summary = new Summary();
    try {
      for await (const event of run) {
        progress(event);
        journal.write(event);
        summary.add(event);
      }
    } finally {
      journal.finish();
    }
    if (summary.interrupted)
      throw new InterruptedError(`Stopped after step ${summary.figures.steps}; it is saved in ${folder.checkpoint}.`);
    await model.save(folder.model);
    return {
      out: folder.path,
      model: folder.model,
      report: folder.report,
      backend: backend.name,
      method: method.name,
      ...model.coefficients,
      ...summary.figures,
      skippedClips: train.skipped.length + (validation?.skipped.length ?? 0),
    };
  } finally {
    for (const item of owned.reverse()) item.dispose();
  }
}

interface SourceSettings extends Omit<SourceContext, 'batch' | 'options'> {
  readonly settings: FinetuneSettings;
  readonly stop: AbortSignal;
}

/** Batches of the training and the validation clips, each clip opened once before. */
async function makeSources(
  data: TrainingData,
  { settings, stop, ...context }: SourceSettings,
): Promise<{ train: ClipSource; validation?: ClipSource }> {
  const { output } = context;
  // A run that goes on must leave out what it left out before, or its batches would be others.
  const needed = settings.inspect && (!settings.resume || settings.onBadClip === 'skip');
  const check = async (dataset: TrainingData['train']) =>
    needed ? inspected(dataset, settings, output, stop) : dataset;
  const shared = { ...context, batch: settings.batch, options: settings };
  const { train, validation, parted } = data;
  output.note(
    `${train.clips.length} clips of ${train.labels.length} classes to train on, ${validation?.clips.length ?? 0} to validate on (${parted})`,
  );
  return {
    train: trainingSource(await check(train), shared, augmentationOf(settings)),
    ...(validation ? { validation: evaluationSource(await check(validation), shared, settings) } : {}),
  };
}

/** Every option with its value, for the report. */
function describe(
  settings: FinetuneSettings,
  { train, validation, parted }: TrainingData,
  backend: Backend,
  made: Readonly<Record<string, unknown>>,
): Record<string, string | number | boolean> {
  const { json: _, debug: __, ...options } = settings as FinetuneSettings & { json?: boolean; debug?: boolean };
  const entries = Object.entries({
    ...options,
    ...made,
    backend: `${backend.name} (${backend.device})`,
    classes: train.labels.join(', '),
    'training clips': train.clips.length,
    'validation clips': validation?.clips.length ?? 0,
    'clips parted by': parted,
  });
  return Object.fromEntries(
    entries.map(([name, value]) => [
      name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`),
      typeof value === 'object' ? JSON.stringify(value) : (value as string | number | boolean),
    ]),
  );
}

function inWords({ loss, top1, top5, clips, labels }: RecognitionEvaluation): string {
  const five = labels.length > 5 ? `, top-5 ${formatPercent(top5)}` : '';
  return `validation loss ${formatNumber(loss)}, top-1 ${formatPercent(top1)}${five} of ${clips} clips`;
}
