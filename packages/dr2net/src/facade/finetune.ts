/** `finetune` with the choices of the facade: how memory is saved, by a method's name, in full, or by a budget. */
import { currentBackend } from '@dr2net/backends';
import type { Method, MethodName } from '@dr2net/core';
import type { Batch, BatchSource, TaskModel } from '@dr2net/models';
import { tune } from '@dr2net/ops';
import { type FinetuneEvent, type FinetuneOptions, finetune as run } from '@dr2net/train';
import type { Budget } from '../plan/budget.ts';
import { footprintOf } from './footprint.ts';
import { type Chosen, measured, planned, wishFor } from './plan.ts';

/** One of the two, or both: then the method is kept, and the update is chosen. */
export interface MemoryChoice {
  /** `exact`, `reversible`, `checkpoint`, `conventional`, `frozen`, or one of them with its options. */
  readonly method?: MethodName | Method;
  /** `2GB`, `1.5GiB`, bytes, or `device`: the fastest setting that fits is chosen, and left for a leaner one when memory runs out. */
  readonly budget?: Budget;
}

/** `FinetuneOptions` of `@dr2net/train`, but memory is saved by a word or a budget. */
export interface FacadeOptions<B extends Batch> extends Omit<FinetuneOptions<B>, 'method' | 'leaner'> {
  /** Default: the model's own method (`exact` under a new head). */
  readonly memory?: MemoryChoice;
}

/** Epochs where neither `epochs` nor `steps` is given. */
const defaultEpochs = 10;

/**
 * See `finetune` of `@dr2net/train`: an async iterator of steps, evaluations, checkpoints. Runs 10 epochs where neither
 * `epochs` nor `steps` is given, and measures the backend that `startBackend` started. What a budget chose is told by a
 * `warning` event before the first step; where the model's memory is not known but measured, each trial by one more.
 * @throws BudgetError for a budget that is no size, that nothing fits (from the iterator where that is found by trials), or where memory is neither known nor can be measured
 */
export function finetune<B extends Batch, E>(
  model: TaskModel<B, E>,
  data: BatchSource<B>,
  { memory = {}, ...options }: FacadeOptions<B> = {},
): AsyncGenerator<FinetuneEvent<E>, void, undefined> {
  const length = options.epochs === undefined && options.steps === undefined ? { epochs: defaultEpochs } : {};
  const { budget } = memory;
  const method = typeof memory.method === 'string' ? { name: memory.method } : memory.method;
  const backend = currentBackend();
  const hooks = options.backend ?? backend;
  const all = { ...options, ...length, ...(method ? { method } : {}), ...(hooks ? { backend: hooks } : {}) };
  if (budget === undefined) return tuned(run(model, data, all));
  const footprint = footprintOf(model, data);
  const wish = wishFor(all, budget);
  if ('trials' in footprint) return tuned(afterTrials(model, data, measured(data, footprint, wish), all));
  const { words, options: chosen } = planned(data, footprint, wish);
  return tuned(told(words, run(model, data, { ...all, ...chosen })));
}

/** Tiles of WebGPU's products are chosen before the first step: a rebuild must run the shaders of its forward pass. */
async function* tuned<E>(events: AsyncGenerator<FinetuneEvent<E>, void, undefined>) {
  await tune();
  yield* events;
}

const warning = (message: string) => ({ type: 'warning', step: 0, message }) as const;

async function* told<E>(message: string, events: AsyncGenerator<FinetuneEvent<E>, void, undefined>) {
  yield warning(message);
  yield* events;
}

/** Tries steps before the first one, and goes on with what that chose. */
async function* afterTrials<B extends Batch, E>(
  model: TaskModel<B, E>,
  data: BatchSource<B>,
  trials: AsyncGenerator<string, Chosen<B>>,
  options: FinetuneOptions<B>,
): AsyncGenerator<FinetuneEvent<E>, void, undefined> {
  const { signal } = options;
  let chosen: Chosen<B>['options'] = {};
  try {
    for (;;) {
      const next = await trials.next();
      if (next.done) {
        chosen = next.value.options;
        yield warning(next.value.words);
        break;
      }
      yield warning(next.value);
    }
  } catch (error) {
    // A run that is stopped while it measures ends as one that is stopped before its first step.
    if (!signal?.aborted || error !== signal.reason) throw error;
  }
  yield* run(model, data, { ...options, ...chosen });
}
