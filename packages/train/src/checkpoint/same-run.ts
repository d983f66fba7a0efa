/** Whether a checkpoint is of this run, and whole in itself; all of it is known before anything is loaded. */
import type { Batch, TaskModel } from '@dr2net/models';
import type { ResolvedOptions } from '../loop/options.ts';
import { CheckpointFormatError, CheckpointMismatchError } from './errors.ts';
import type { CheckpointFile } from './file.ts';
import type { RunState } from './state.ts';

interface Compared<B extends Batch, E> {
  readonly file: Pick<CheckpointFile, 'entries'>;
  readonly state: RunState;
  readonly path: string;
  readonly model: TaskModel<B, E>;
  readonly options: ResolvedOptions<B>;
}

/** Throws {@link CheckpointMismatchError} or {@link CheckpointFormatError} with the first thing that does not fit. */
export function requireSameRun<B extends Batch, E>(compared: Compared<B, E>): void {
  const { file, state, path, model, options } = compared;
  const refuse = (what: string) => {
    throw new CheckpointMismatchError(path, what);
  };
  if (state.task !== model.task) refuse(`it is of the task ${state.task}, this model's is ${model.task}`);
  if (state.architecture !== (model.architecture ?? null))
    refuse(`it is of the architecture ${state.architecture}, this model is a ${model.architecture}`);
  const shapes = new Map(model.parameters.map(({ name, shape }) => [name, shape]));
  const need = (prefix: string, what: string) => {
    for (const name of shapes.keys())
      if (!file.entries.has(prefix + name)) refuse(`it has no ${what} ${name}, which this model has`);
  };
  need('model/', 'tensor');
  for (const [stored, { shape }] of file.entries) {
    const [, part = '', name = ''] = /^(model|average|optimizer\.[^/]+)\/(.*)$/.exec(stored) ?? [];
    const own = shapes.get(name);
    const what = part === 'model' ? `tensor ${name}` : stored;
    if (!own) refuse(`it has a tensor ${part === 'model' ? name : stored}, which this model has not`);
    else if (`${shape}` !== `${own}`)
      refuse(`${what} is [${shape.join(', ')}] in it and [${own.join(', ')}] in this model`);
  }
  if (state.optimizer !== options.optimizer.name)
    refuse(`its optimizer is ${state.optimizer}, this run's is ${options.optimizer.name}`);
  if ((state.ema === null) !== (options.ema === undefined))
    refuse(state.ema === null ? 'it has no averaged weights (ema)' : `it has averaged weights (ema ${state.ema})`);
  if (options.ema !== undefined) need('average/', 'averaged tensor');
  if (state.seed !== options.seed) refuse(`its seed is ${state.seed}, this run's is ${options.seed}`);
  requireWhole(compared, shapes);
}

/** What only a file that was changed or damaged can be: another list of optimizer tensors than its state has, other counts than its step. */
function requireWhole<B extends Batch, E>(
  { file, state, path }: Compared<B, E>,
  parameters: ReadonlyMap<string, unknown>,
): void {
  const refuse = (what: string) => {
    throw new CheckpointFormatError(path, what);
  };
  const { slots, counts, ema } = state;
  const listed = new Set(slots?.map((name) => `optimizer.${name}`));
  for (const name of listed) if (!file.entries.has(name)) refuse(`it has no tensor ${name}, which its state lists`);
  for (const name of file.entries.keys()) {
    const left = name.startsWith('optimizer.')
      ? slots && !listed.has(name)
      : name.startsWith('average/') && ema === null;
    if (left) refuse(`it has a tensor ${name}, which its state does not list`);
  }
  const { step } = state.position;
  const whole = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
  for (const [name, value] of Object.entries(state.position))
    if (name !== 'evaluationDue' && !whole(value)) refuse(`its ${name} is ${value}, which is no count`);
  let most = 0;
  for (const [name, count] of Object.entries(counts)) {
    if (!parameters.has(name)) refuse(`it counts updates of ${name}, which this model has not`);
    if (!whole(count) || count > step) refuse(`it stands at step ${step}, but counts ${count} updates of ${name}`);
    most = Math.max(most, count);
  }
  // Something is updated at every step.
  if (most < step) refuse(`it stands at step ${step}, but counts ${most} updates at most of any tensor`);
  for (const name of file.entries.keys()) {
    const [, parameter] = /^optimizer\.[^/]+\/(.*)$/.exec(name) ?? [];
    if (parameter !== undefined && !counts[parameter]) refuse(`it has ${name}, but counts no update of ${parameter}`);
  }
}
