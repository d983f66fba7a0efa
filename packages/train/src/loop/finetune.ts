/** The finetuning loop: batches in, events out. */
import { type Method, StateRangeError } from '@dr2net/core';
import type { Batch, BatchSource, TaskModel } from '@dr2net/models';
import { ShaderError } from '@dr2net/ops';
import type { CheckpointStore } from '../checkpoint/store.ts';
import { EmptyDataError, NonFiniteLossError, StepFailedError } from '../errors.ts';
import { isAbort } from './abort.ts';
import { Clock } from './clock.ts';
import { deviceFault } from './device-fault.ts';
import type { FinetuneEvent, StepEvent, WarningEvent } from './events.ts';
import { methodInWords } from './method-in-words.ts';
import { type FinetuneOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import { isOutOfMemory } from './out-of-memory.ts';
import type { Position } from './position.ts';
import { NotFinite, Trainer } from './trainer.ts';
import { Warnings } from './warnings.ts';

/**
 * Finetunes a model on batches; iterate over the result to run it:
 *
 *     for await (const event of finetune(model, clips, { epochs: 16 })) report(event);
 *
 * Every optimizer step gives a `step` event; evaluations, checkpoints and warnings come between; `end` is the last. The
 * model's parameters, `coefficients` and `method` are those of the step at hand while it runs; afterwards the method is
 * the run's and the coefficients are the last ones, which belong to the weights: `model.save` writes both. Breaking out
 * of the loop frees everything and saves nothing; the `signal` saves.
 *
 * Throws at once for options that cannot be (RangeError, TypeError), and from the iterator: {@link NonFiniteLossError},
 * {@link StepFailedError}, {@link EmptyDataError}, and the errors of checkpoints.
 */
export function finetune<B extends Batch, E>(
  model: TaskModel<B, E>,
  data: BatchSource<B>,
  options: FinetuneOptions<B>,
): AsyncGenerator<FinetuneEvent<E>, void, undefined> {
  return new Run(model, data, resolveOptions(model, data, options)).events();
}

class Run<B extends Batch, E> {
  readonly #clock = new Clock();
  #leaner: readonly Method[];
  readonly #position: Position = { step: 0, epoch: 0, batch: 0, evaluationDue: false };
  readonly #warnings = new Warnings(this.#position);
  /** The step that was begun a second time, 0-based. */
  #repeated: number | undefined;

  constructor(
    private readonly model: TaskModel<B, E>,
    private readonly data: BatchSource<B>,
    private readonly options: ResolvedOptions<B>,
  ) {
    this.#leaner = options.leaner;
  }

  async *events(): AsyncGenerator<FinetuneEvent<E>, void, undefined> {
    const { checkpoint, signal, total, epochs } = this.options;
    // What writes files is loaded when files are to be written.
    const store =
      checkpoint && (await (await import('../checkpoint/store.ts')).openCheckpoints(checkpoint, this.model));
    const trainer = new Trainer(this.model, this.options);
    const position = this.#position;
    let finished = false;
    try {
      for (const message of (await store?.resume(trainer, position, this.options)) ?? [])
        yield* this.#warnings.of(message);
      yield* this.#warnings.clipping(this.options);
      if (position.evaluationDue) yield* this.#evaluate(trainer, store);
      while (position.step < total && position.epoch < epochs && !signal?.aborted) {
        try {
          yield* this.#epoch(trainer, store);
        } catch (error) {
          yield* this.#stepDown(trainer, error);
        }
      }
      finished = !position.evaluationDue && (position.step >= total || position.epoch >= epochs);
      if (store && store.savedStep !== position.step) yield await this.#save(trainer, store);
      if (finished) trainer.average?.swap();
      yield { type: 'end', reason: finished ? 'finished' : 'aborted', step: position.step, epoch: this.#epochAtHand };
    } finally {
      trainer.dispose();
    }
  }

  /** The rest of the epoch at hand. */
  async *#epoch(trainer: Trainer<B, E>, store: CheckpointStore<B, E> | undefined): AsyncGenerator<FinetuneEvent<E>> {
    const { options } = this;
    const position = this.#position;
    const { seed, signal, total, accumulate } = options;
    let pending = 0;
    let seen = 0;
    // A run of so many steps ends inside an epoch as a rule.
    let complete = true;
    this.#clock.restart();
    const batches = this.data.epoch({ seed, epoch: position.epoch, from: position.batch, ...(signal && { signal }) });
    try {
      for await (const batch of batches) {
        try {
          if (signal?.aborted) break;
          seen++;
          if (pending === 0) yield* this.#begin(trainer);
          await this.#guard(trainer, store, () => trainer.add(batch));
        } finally {
          batch.dispose();
        }
        if (++pending < accumulate) continue;
        yield* this.#endStep(trainer, store, pending);
        pending = 0;
        if (position.step >= total || signal?.aborted) {
          complete = position.batch >= this.data.batches;
          break;
        }
        if (options.checkpoint?.every && position.step % options.checkpoint.every === 0 && store)
          yield await this.#save(trainer, store);
        this.#clock.restart();
      }
    } catch (error) {
      const again = this.#repeatable(error, trainer);
      if (again) {
        trainer.abandon();
        // The loop comes back for the rest of the epoch, from the step's first batch.
        return yield* this.#warnings.of(again);
      }
      // A source that was told to stop may say so by an error.
      if (!(signal?.aborted && isAbort(error, signal))) throw error;
    }
    if (signal?.aborted) return trainer.abandon();
    if (pending > 0) yield* this.#endStep(trainer, store, pending);
    if (seen === 0 && position.batch === 0) throw new EmptyDataError(position.epoch + 1);
    yield* this.#endEpoch(trainer, store, complete);
  }

  /** After a step that the device had too little memory for: the next epoch begins with this step, by a leaner method. */
  *#stepDown(trainer: Trainer<B, E>, error: unknown): Generator<WarningEvent> {
    const cause = error instanceof StepFailedError ? error.cause : undefined;
    const [method, ...rest] = this.#leaner;
    if (!isOutOfMemory(cause) || !method || !trainer.untouched) throw error;
    this.#leaner = rest;
    const before = trainer.method;
    trainer.stepDown(method);
    const step = this.#position.step + 1;
    yield* this.#warnings.of(
      `step ${step}: the device has too little memory for ${methodInWords(before)} (${cause.message}) The step is done again, and the run goes on, with ${methodInWords(method)}.`,
    );
  }

  async *#begin(trainer: Trainer<B, E>): AsyncGenerator<WarningEvent> {
    const { note, method, coefficients } = trainer.begin(this.#position.step, this.#repeated === this.#position.step);
    if (note) yield* this.#warnings.of(note);
    yield* this.#warnings.snapped(method, coefficients);
  }

  async *#endStep(
    trainer: Trainer<B, E>,
    store: CheckpointStore<B, E> | undefined,
    batches: number,
  ): AsyncGenerator<StepEvent | WarningEvent> {
    const position = this.#position;
    const { total } = this.options;
    const outcome = await this.#guard(trainer, store, () => trainer.end());
    position.step++;
    position.batch += batches;
    const times = this.#clock.lap(total - position.step);
    yield {
      type: 'step',
      ...outcome,
      total,
      epoch: position.epoch + 1,
      samplesPerSecond: outcome.samples / times.seconds,
      ...times,
    };
    yield* this.#warnings.tolerance(trainer.method, outcome);
  }

  async *#endEpoch(
    trainer: Trainer<B, E>,
    store: CheckpointStore<B, E> | undefined,
    complete: boolean,
  ): AsyncGenerator<FinetuneEvent<E>> {
    const { options } = this;
    const position = this.#position;
    if (complete) {
      position.epoch++;
      position.batch = 0;
    }
    const last = position.epoch >= options.epochs || position.step >= options.total;
    const { evaluate } = options;
    position.evaluationDue = evaluate !== undefined && (last || position.epoch % evaluate.every === 0);
    if (store && (last || options.checkpoint?.every === undefined)) yield await this.#save(trainer, store);
    if (position.evaluationDue) yield* this.#evaluate(trainer, store);
  }

  async *#evaluate(trainer: Trainer<B, E>, store: CheckpointStore<B, E> | undefined): AsyncGenerator<FinetuneEvent<E>> {
    const { evaluate, signal } = this.options;
    if (!evaluate) return;
    const position = this.#position;
    const start = performance.now();
    trainer.average?.swap();
    let evaluation: E;
    try {
      evaluation = await this.model.evaluate(evaluate.source, signal ? { signal } : {});
    } catch (error) {
      if (signal?.aborted && isAbort(error, signal)) return;
      throw await this.#afterStep(store, error);
    } finally {
      trainer.average?.swap();
    }
    position.evaluationDue = false;
    yield {
      type: 'evaluation',
      step: position.step,
      epoch: this.#epochAtHand,
      evaluation,
      averaged: trainer.average !== undefined,
      seconds: (performance.now() - start) / 1000,
    };
  }

  /** 1-based; the one that has just ended, or in which the run stands. */
  get #epochAtHand(): number {
    return this.#position.epoch + (this.#position.batch > 0 ? 1 : 0);
  }

  /**
   * Why the step is to be taken again, in words: a state left the range of `exact`, which has chosen a coarser grid (once a step, and not
   * on a grid that was given by number), or a shader did not compile, in whose place plain operations are used now. Not when parameters
   * have been updated already (`sink` on a backend whose checks come late).
   */
  #repeatable(error: unknown, trainer: Trainer<B, E>): string | undefined {
    const cause = error instanceof StepFailedError ? error.cause : undefined;
    if (!trainer.untouched) return undefined;
    const step = this.#position.step + 1;
    if (cause instanceof ShaderError && cause.replaced) return `${cause.message} Step ${step} is taken again.`;
    if (!(cause instanceof StateRangeError)) return undefined;
    const { method } = trainer;
    const given = method.name === 'exact' && typeof method.fractionBits === 'number';
    if (given || this.#repeated === this.#position.step) return undefined;
    this.#repeated = this.#position.step;
    return `${cause.state} left the range of exact's grid, ±${cause.limit}; step ${step} is taken again on a coarser one.`;
  }

  async #save(trainer: Trainer<B, E>, store: CheckpointStore<B, E>) {
    try {
      return await store.save(trainer, this.#position, this.options);
    } catch (error) {
      throw await this.#afterStep(store, error);
    }
  }

  /** Of an error between steps: a device that is lost while its tensors are read is no fault of the disk, nor of the samples. */
  async #afterStep(store: CheckpointStore<B, E> | undefined, error: unknown): Promise<unknown> {
    const fault = await deviceFault(this.options.backend);
    const where = { step: this.#position.step, ids: [], lastCheckpoint: store?.last };
    return fault === undefined ? error : new StepFailedError(where, fault);
  }

  /** Adds to what went wrong in a step where it was, and which checkpoint is good. */
  async #guard<T>(
    trainer: Trainer<B, E>,
    store: CheckpointStore<B, E> | undefined,
    body: () => Promise<T>,
  ): Promise<T> {
    try {
      return await body();
    } catch (thrown) {
      const fault = await deviceFault(this.options.backend);
      // What a shader that failed left behind are errors of the device, too.
      const error = thrown instanceof ShaderError ? thrown : (fault ?? thrown);
      const where = { step: this.#position.step + 1, ids: trainer.ids, lastCheckpoint: store?.last };
      throw error instanceof NotFinite
        ? new NonFiniteLossError(error.what, error.value, where)
        : new StepFailedError(where, error);
    }
  }
}
