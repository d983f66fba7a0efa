/** `finetune` with the choices of the facade: how memory is saved, by a method's name or in full. */
import { currentBackend } from '@dr2net/backends';
import type { Method, MethodName } from '@dr2net/core';
import type { Batch, BatchSource, TaskModel } from '@dr2net/models';
import { type FinetuneEvent, type FinetuneOptions, finetune as run } from '@dr2net/train';

export interface MemoryChoice {
  /** `exact`, `reversible`, `checkpoint`, `conventional`, `frozen`, or one of them with its options. */
  readonly method: MethodName | Method;
}

export interface FacadeOptions<B extends Batch> extends Omit<FinetuneOptions<B>, 'method'> {
  /** Default: the model's own method (`exact` under a new head). */
  readonly memory?: MemoryChoice;
}

/** Epochs where neither `epochs` nor `steps` is given. */
const defaultEpochs = 10;

/**
 * See `finetune` of `@dr2net/train`: an async iterator of steps, evaluations, checkpoints. Runs 10 epochs where neither
 * `epochs` nor `steps` is given, and measures the backend that `startBackend` started.
 */
export function finetune<B extends Batch, E>(
  model: TaskModel<B, E>,
  data: BatchSource<B>,
  { memory, ...options }: FacadeOptions<B> = {},
): AsyncGenerator<FinetuneEvent<E>, void, undefined> {
  const length = options.epochs === undefined && options.steps === undefined ? { epochs: defaultEpochs } : {};
  const method = typeof memory?.method === 'string' ? { name: memory.method } : memory?.method;
  const backend = options.backend ?? currentBackend();
  return run(model, data, { ...options, ...length, ...(method ? { method } : {}), ...(backend ? { backend } : {}) });
}
