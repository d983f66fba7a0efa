/** Brings a run back to a checkpoint: first everything is checked, then everything is loaded. */
import type { Batch, TaskModel } from '@dr2net/models';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import type { ResolvedOptions } from '../loop/options.ts';
import type { Trainer } from '../loop/trainer.ts';
import type { CheckpointFile } from './file.ts';
import { requireSameRun } from './same-run.ts';
import { type RunState, settingsOf } from './state.ts';

interface Restoring<B extends Batch, E> {
  readonly file: CheckpointFile;
  readonly state: RunState;
  readonly path: string;
  readonly model: TaskModel<B, E>;
  readonly trainer: Trainer<B, E>;
  readonly options: ResolvedOptions<B>;
}

/** @returns what differs between the options then and now, and makes later losses differ */
export async function restore<B extends Batch, E>(restoring: Restoring<B, E>): Promise<string[]> {
  const { file, state, model, trainer, options } = restoring;
  requireSameRun(restoring);
  const load = async (name: string): Promise<Tensor> =>
    tensor(await file.read(name), [...file.entries.get(name)!.shape]);
  for (const parameter of model.parameters) parameter.assign(await load(`model/${parameter.name}`));
  for (const name of file.entries.keys()) {
    const [, slot, parameter] = /^optimizer\.([^/]+)\/(.*)$/.exec(name) ?? [];
    if (slot !== undefined && parameter !== undefined) trainer.state.restore(slot, parameter, await load(name));
  }
  for (const [name, count] of Object.entries(state.counts)) trainer.state.restoreCount(name, count);
  if (trainer.average) {
    for (const parameter of model.parameters)
      trainer.average.restore(parameter, await load(`average/${parameter.name}`));
  }
  trainer.grids.restore(state.grids);
  trainer.anchors.restore(state.anchors ?? []);
  trainer.course.restore(state.course);
  trainer.previousNorm = state.previousNorm ?? undefined;
  model.coefficients = state.coefficients;
  return changes(state, options);
}

function changes<B extends Batch>(state: RunState, options: ResolvedOptions<B>): string[] {
  const now = JSON.parse(JSON.stringify({ ...settingsOf(options), ema: options.ema ?? null })) as Record<
    string,
    unknown
  >;
  const then: Record<string, unknown> = { ...state.settings, ema: state.ema };
  const told = (value: unknown) => JSON.stringify(value);
  return Object.keys(now)
    .filter((name) => told(now[name]) !== told(then[name]))
    .map((name) => {
      const [before, after] = [told(then[name]), told(now[name])];
      // Courses are long lists of numbers.
      const what =
        `${before}${after}`.length > 120
          ? `${name} is not what it was when the checkpoint was made`
          : `${name} was ${before} when the checkpoint was made and is ${after} now`;
      return `${what}; the run goes on with the new value, and its losses are not those of a run that was never stopped.`;
    });
}
