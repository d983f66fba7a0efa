/** A run's checkpoint in its folder: refused, resumed, replaced. The loop imports it when it is needed. */
import type { Batch, TaskModel, TensorSource } from '@dr2net/models';
import type { CheckpointEvent } from '../loop/events.ts';
import type { CheckpointOptions, ResolvedOptions } from '../loop/options.ts';
import type { Position } from '../loop/position.ts';
import type { Trainer } from '../loop/trainer.ts';
import { CheckpointExistsError, CheckpointFormatError, CheckpointWriteError } from './errors.ts';
import { type CheckpointFile, openCheckpoint, writeCheckpoint } from './file.ts';
import { checkpointName } from './name.ts';
import { restore } from './restore.ts';
import { brokenPart, type RunState, stateOf } from './state.ts';
import { type Storage, storageOf } from './storage.ts';

/** The metadata's entry. */
const stateKey = 'dr2net.run';

export class CheckpointStore<B extends Batch, E> {
  /** The newest checkpoint that is known to be whole. */
  last: { readonly path: string; readonly step: number } | undefined;

  constructor(
    private readonly storage: Storage,
    private readonly model: TaskModel<B, E>,
    private readonly exists: boolean,
  ) {}

  private get path(): string {
    return this.storage.path;
  }

  /** The step of `last`. */
  get savedStep(): number | undefined {
    return this.last?.step;
  }

  /**
   * Puts trainer, model and position where the checkpoint has them.
   * @returns what the user should know
   */
  async resume(trainer: Trainer<B, E>, position: Position, options: ResolvedOptions<B>): Promise<string[]> {
    if (!this.exists)
      return options.checkpoint?.resume ? [`${this.path} is not there yet; the run starts at its beginning.`] : [];
    const file = await openCheckpoint(this.storage);
    try {
      const state = this.#state(file);
      const notes = await restore({ file, state, path: this.path, model: this.model, trainer, options });
      Object.assign(position, state.position);
      this.last = { path: this.path, step: state.position.step };
      return notes;
    } finally {
      await file.close();
    }
  }

  /** Replaces the checkpoint. Throws {@link CheckpointWriteError}; then the one before is whole. */
  async save(trainer: Trainer<B, E>, position: Position, options: ResolvedOptions<B>): Promise<CheckpointEvent> {
    const start = performance.now();
    const state = stateOf(this.model, trainer, position, options);
    try {
      const bytes = await writeCheckpoint(
        this.storage,
        { [stateKey]: JSON.stringify(state) },
        storedTensors(this.model, trainer),
      );
      this.last = { path: this.path, step: position.step };
      return {
        type: 'checkpoint',
        step: position.step,
        path: this.path,
        bytes,
        seconds: (performance.now() - start) / 1000,
      };
    } catch (error) {
      throw new CheckpointWriteError(this.path, this.last, error);
    }
  }

  #state(file: CheckpointFile): RunState {
    const text = file.metadata[stateKey];
    if (text === undefined)
      throw new CheckpointFormatError(this.path, 'it is a safetensors file, but no checkpoint of a run');
    let state: RunState | null;
    try {
      state = JSON.parse(text) as RunState | null;
    } catch (cause) {
      throw new CheckpointFormatError(
        this.path,
        `its state is not JSON (${cause instanceof Error ? cause.message : cause})`,
      );
    }
    if (state?.version !== 1)
      throw new CheckpointFormatError(this.path, `its version is ${state?.version}; this release reads version 1`);
    const broken = brokenPart(state);
    if (broken !== undefined) throw new CheckpointFormatError(this.path, `its state has no ${broken} that can be used`);
    return state;
  }
}

/** Opens a folder for checkpoints; throws when it holds one that is not to be resumed, or cannot be written. */
export async function openCheckpoints<B extends Batch, E>(
  { folder, resume = false }: CheckpointOptions,
  model: TaskModel<B, E>,
): Promise<CheckpointStore<B, E>> {
  const storage = await storageOf(folder, checkpointName);
  const exists = await storage.exists();
  if (exists && !resume) throw new CheckpointExistsError(storage.path);
  try {
    await storage.tryOut();
  } catch (error) {
    throw new CheckpointWriteError(storage.path, undefined, error);
  }
  return new CheckpointStore(storage, model, exists);
}

function storedTensors<B extends Batch, E>(model: TaskModel<B, E>, trainer: Trainer<B, E>): TensorSource[] {
  const stored = (key: string, tensor: { shape: readonly number[]; data(): Promise<unknown> }): TensorSource => ({
    key,
    shape: tensor.shape,
    read: async () => finite(key, (await tensor.data()) as Float32Array),
  });
  return [
    ...model.parameters.map(({ name, variable }) => stored(`model/${name}`, variable)),
    ...Array.from(trainer.state.entries(), ([slot, name, tensor]) => stored(`optimizer.${slot}/${name}`, tensor)),
    ...Array.from(trainer.average?.entries() ?? [], ([name, tensor]) => stored(`average/${name}`, tensor)),
  ];
}

/** A checkpoint is a place to go back to: nothing that is no number gets into one. */
function finite(name: string, values: Float32Array): Float32Array {
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new Error(`${name} holds ${values[bad]} at element ${bad}; training has gone wrong`);
  return values;
}
