/** Finetuning from the command line's options: data, network, loop, folder. */
import { basename } from 'node:path';
import { type Backend, startBackend } from '@dr2net/backends';
import { anchorPositions } from '@dr2net/core';
import { parseBytes } from '@dr2net/memory';
import type { Batch } from '@dr2net/models';
import { tune } from '@dr2net/ops';
import { finetune, progressReporter } from '@dr2net/train';
import { InterruptedError, UsageError } from '../errors.ts';
import { coefficientsOf } from '../options/coefficients.ts';
import { methodOf } from '../options/method.ts';
import type { RunSettings } from '../options/run.ts';
import { learningRateSchedule } from '../options/schedule.ts';
import { clipOf, lengthOf, optimizerOf, requireUpdate, usualTraining } from '../options/training.ts';
import { asGiven } from '../options/values.ts';
import type { Output } from '../output.ts';
import type { FinetuneTask, Network, Prepared } from '../tasks/contract.ts';
import { type DetectionSettings, detectionTask } from '../tasks/detection/task.ts';
import { readAs } from '../tasks/looks-like.ts';
import { type PointcloudSettings, pointcloudTask } from '../tasks/pointcloud/task.ts';
import { type VideoSettings, videoTask } from '../tasks/video/task.ts';
import { changedSettings } from './changed-settings.ts';
import { Journal } from './journal.ts';
import { type PlannedRun, plannedRun, scheduleOf } from './planned.ts';
import { measuredName } from './remembered.ts';
import { RunFolder } from './run-folder.ts';
import { type RunFigures, Summary } from './summary.ts';
import { tileStore } from './tiles.ts';

export type FinetuneSettings =
  | (VideoSettings & { readonly task: 'video' })
  | (PointcloudSettings & { readonly task: 'pointcloud' })
  | (DetectionSettings & { readonly task: 'detection' });

/** What `--json` prints, with figures of the task. */
export interface FinetuneResult extends RunFigures<object> {
  readonly out: string;
  /** The folder of the finetuned model. */
  readonly model: string;
  readonly report: string;
  readonly backend: string;
  readonly method: string;
  /** The last ones, saved with the model. */
  readonly alpha: number;
  readonly beta: number;
}

/** The result, and how the command tells of the last evaluation. */
export interface FinetuneOutcome {
  readonly result: FinetuneResult;
  readonly lines: readonly string[];
}

/**
 * Runs. What can be refused is refused before the first step.
 * @param stop ends the run after the step at hand, with a checkpoint
 * @throws InterruptedError after `stop`
 */
export function runFinetune(asked: FinetuneSettings, output: Output, stop: AbortSignal): Promise<FinetuneOutcome> {
  if (asked.task === 'detection') return runTask(detectionTask, asked, output, stop);
  return asked.task === 'video'
    ? runTask(videoTask, asked, output, stop)
    : runTask(pointcloudTask, asked, output, stop);
}

async function runTask<S extends RunSettings, D, N extends Network, B extends Batch, E extends object>(
  task: FinetuneTask<S, D, N, B, E>,
  asked: S,
  output: Output,
  stop: AbortSignal,
): Promise<FinetuneOutcome> {
  // Refused now when it cannot be; chosen again with what the model says.
  const method = methodOf(asked, 'exact');
  scheduleOf(asked, method, coefficientsOf(asked, method, undefined));
  const { budget } = asked;
  if (budget !== undefined && budget !== 'device') asGiven(`--budget ${budget}`, () => parseBytes(budget));
  lengthOf(asked);
  requireUpdate(asked);
  learningRateSchedule(asked);
  await optimizerOf(asked, asked.lr);
  const data = await readAs(asked.task, asked.data, () => task.read(asked));
  const folder = await RunFolder.open(asked.out, asked, {
    '--model': asked.model,
    '--data': asked.data,
    '--val': asked.val,
  });
  const owned: { dispose(): void }[] = [{ dispose: () => folder.close() }];
  try {
    const was = asked.resume ? folder.began?.task : undefined;
    if (was !== undefined && was !== asked.task)
      throw new UsageError(
        `--resume: the run in ${folder.path} is of the task ${was}, and this is ${asked.task}. Give --task ${was} and the options that it began with, or another --out.`,
      );
    const backend = await startBackend(asked.backend);
    output.note(`backend ${backend.name}: ${backend.device}`);
    await tune({ store: tileStore });
    const network = await task.load(asked, data);
    owned.push(network);
    const whole = { ...usualTraining, ...task.usual?.(asked, network), ...asked };
    const before = asked.resume ? folder.began?.[measuredName] : undefined;
    const planned = await plannedRun(whole, network, { backend, output, stop, before: before as string | undefined });
    const { settings, method, coefficients } = planned;
    const prepared = await task.prepare(settings, { method, coefficients }, data, network, { output, stop });
    const { model } = prepared;
    owned.push(model);
    const label = asked.label ?? method.name;
    const title = `${label} on ${basename(settings.model)}`;
    const journal = new Journal<E>(folder, title, settings.resume ?? false, (evaluation) => task.record(evaluation));
    const described = describe(planned, prepared, backend);
    if (settings.resume) for (const line of changedSettings(folder.began ?? {}, described)) output.note(line);
    else {
      await folder.begin();
      folder.append({ kind: 'settings', label, settings: described });
    }
    const loop = { ...(await loopOptions(planned, prepared, folder)), signal: stop, backend };
    // What fits depends on the network's depth.
    if (method.name === 'reversible' && asked.anchors !== undefined)
      asGiven(`--anchors ${asked.anchors}`, () => anchorPositions(method, coefficients, model.subBlocks));
    const run = finetune(model, prepared.train, loop);
    const progress = progressReporter<E>(output.progress, {
      unit: task.unit,
      evaluation: (found) => task.words(found),
    });
    const summary = new Summary<E>();
    try {
      for await (const event of run) {
        progress(event);
        journal.write(event);
        summary.add(event);
      }
    } finally {
      journal.finish();
    }
    const { evaluation, ...figures } = summary.figures;
    if (summary.interrupted)
      throw new InterruptedError(`Stopped after step ${figures.steps}; it is saved in ${folder.checkpoint}.`);
    // Only an end came: the checkpoint was that of the whole run.
    if (settings.resume && figures.loss === undefined)
      output.note(
        `Nothing was trained: the run in ${folder.path} was finished at step ${figures.steps} already. Give more --steps or --epochs to go on with it.`,
      );
    await model.save(folder.model);
    if (evaluation && prepared.show) await prepared.show(folder, evaluation);
    journal.finish();
    const result = {
      out: folder.path,
      model: folder.model,
      report: folder.report,
      backend: backend.name,
      method: method.name,
      ...model.coefficients,
      ...figures,
      evaluation: evaluation && task.json(evaluation),
      ...prepared.figures(),
    };
    return { result, lines: evaluation ? task.lines(evaluation) : [] };
  } finally {
    for (const item of owned.reverse()) item.dispose();
  }
}

/** The options of the loop, but for what belongs to this process. */
async function loopOptions<S extends RunSettings, B extends Batch, E>(
  { settings, method, schedule, leaner }: PlannedRun<S>,
  { validation }: Prepared<B, E>,
  folder: RunFolder,
) {
  const clip = clipOf(settings);
  return {
    ...lengthOf(settings),
    method,
    leaner,
    schedule,
    optimizer: await optimizerOf(settings, settings.lr),
    learningRate: learningRateSchedule(settings),
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
  };
}

/** Every option with its value, for the report. */
function describe<S extends RunSettings, B extends Batch, E>(
  { settings, method, schedule, measured }: PlannedRun<S>,
  { described }: Prepared<B, E>,
  backend: Backend,
): Record<string, string | number | boolean> {
  const { json: _, debug: __, ...options } = settings as S & { json?: boolean; debug?: boolean };
  const entries = Object.entries({
    ...options,
    ...{ method, schedule, learningRate: learningRateSchedule(settings) },
    backend: `${backend.name} (${backend.device})`,
    ...described,
    ...(measured === undefined ? {} : { [measuredName]: measured }),
  });
  return Object.fromEntries(
    entries.map(([name, value]) => [
      name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`),
      typeof value === 'object' ? JSON.stringify(value) : (value as string | number | boolean),
    ]),
  );
}
