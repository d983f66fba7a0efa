/** A training step that is only tried: what it takes of memory and time is measured, and everything is afterwards as it was. */
import { type Coefficients, type Method, StateRangeError } from '@dr2net/core';
import { MemoryLimitError, type MemoryReport } from '@dr2net/memory';
import type { Batch, BatchSource, TaskModel } from '@dr2net/models';
import { ShaderError } from '@dr2net/ops';
import { deviceFault } from '../loop/device-fault.ts';
import type { StepOutcome } from '../loop/gathered.ts';
import { type FinetuneOptions, resolveOptions } from '../loop/options.ts';
import { isOutOfMemory } from '../loop/out-of-memory.ts';
import { Trainer } from '../loop/trainer.ts';

/** The step that {@link trial} tries. */
export interface TrialOptions
  extends Pick<
    FinetuneOptions<Batch>,
    'optimizer' | 'update' | 'accumulate' | 'chunks' | 'clip' | 'ema' | 'seed' | 'signal' | 'backend'
  > {
  readonly method: Method;
  readonly coefficients: Coefficients;
  /** Logical bytes beyond which the trial is stopped; default none. */
  readonly limit?: number;
}

/** What a tried step took. */
export interface Trial {
  readonly fits: true;
  /** Of a step after the first, when the optimizer's slots are there. */
  readonly memory: MemoryReport;
  /** Of the whole step, all `accumulate` batches of it. */
  readonly seconds: number;
  /** Whether the device gave out more than before the trial. False for a heap that never shrinks and was as large before: its size then tells nothing. */
  readonly grew: boolean;
}

/** The device had too little memory, or the limit was passed. */
export interface TooLarge {
  readonly fits: false;
  readonly reason: Error;
}

/** More batches of a step are like the second one. */
const mostBatches = 2;

/**
 * Two steps as `finetune` takes them, whose new parameters are thrown away: the second is measured, the first is to warm up. Of
 * more than two batches that make a step two are gone through; the time of the others is added.
 *
 * Afterwards parameters, coefficients and method of the model are as before, and nothing is left in the engine.
 * @param make a batch as heavy as any of the run; each is disposed of when it has been used, as in the loop
 * @throws what a step throws, but for want of memory; the signal's reason once it is aborted
 */
export async function trial<B extends Batch, E>(
  model: TaskModel<B, E>,
  make: () => B,
  options: TrialOptions,
): Promise<Trial | TooLarge> {
  const { coefficients, limit = Number.POSITIVE_INFINITY, accumulate = 1, signal, backend, ...rest } = options;
  const batches = Math.min(accumulate, mostBatches);
  const resolved = resolveOptions(model, none, {
    ...rest,
    ...(backend && { backend }),
    ...{ accumulate: batches, steps: 2, schedule: { at: () => coefficients } },
  });
  const before = { coefficients: model.coefficients, method: model.method };
  // What was kept of earlier work would count as this trial's.
  backend?.trim?.();
  const deviceBefore = backend?.memory.current() ?? 0;
  const trainer = new Trainer(model, resolved, { limit });
  try {
    signal?.throwIfAborted();
    await attempt(trainer, { step: 0, batches: 1, make });
    signal?.throwIfAborted();
    const { memory } = await attempt(trainer, { step: 1, batches, make });
    const grew = (memory.device?.peakBytes ?? 0) > deviceBefore;
    return { fits: true, memory, seconds: secondsOf(memory, accumulate / batches), grew };
  } catch (thrown) {
    const error = thrown instanceof MemoryLimitError ? thrown : ((await deviceFault(backend)) ?? thrown);
    if (isTooLarge(error)) return { fits: false, reason: error };
    throw error;
  } finally {
    trainer.dispose();
    Object.assign(model, before);
    backend?.trim?.();
  }
}

interface Attempt<B> {
  /** 0-based. */
  readonly step: number;
  readonly batches: number;
  make(): B;
}

/** A step; taken again where a state left the range of `exact`, or where a shader failed and has been replaced. */
async function attempt<B extends Batch, E>(
  trainer: Trainer<B, E>,
  { step, batches, make }: Attempt<B>,
): Promise<StepOutcome> {
  let again = false;
  for (;;) {
    trainer.begin(step, again);
    try {
      for (let i = 0; i < batches; i++) {
        const batch = make();
        try {
          await trainer.add(batch);
        } finally {
          batch.dispose();
        }
      }
      return await trainer.end();
    } catch (error) {
      trainer.abandon();
      if (error instanceof ShaderError && error.replaced) continue;
      if (again || !(error instanceof StateRangeError)) throw error;
      again = true;
    }
  }
}

/** @param repetitions how many times the batches of the step come */
function secondsOf({ phases }: MemoryReport, repetitions: number): number {
  return phases.reduce((sum, { name, seconds }) => sum + seconds * (name === 'optimizer' ? 1 : repetitions), 0);
}

/** A tensor that is too large for the device is of a batch that is too large for it. */
function isTooLarge(error: unknown): error is Error {
  if (error instanceof MemoryLimitError || isOutOfMemory(error)) return true;
  return error instanceof Error && error.name === 'TensorTooLargeError';
}

/** What the options are checked against; a trial makes its batches itself. */
const none: BatchSource<never> = {
  samples: mostBatches,
  batches: mostBatches,
  async *epoch() {},
};
