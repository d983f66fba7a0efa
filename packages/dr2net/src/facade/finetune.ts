/** `finetune` with the choices of the facade: how memory is saved, by a method's name, in full, or by a budget. */
import { type Backend, currentBackend } from '@dr2net/backends';
import type { Method, MethodName } from '@dr2net/core';
import { ObjectDetection } from '@dr2net/detection';
import { BudgetError, type PlannedOptimizer, plannedBackends, plannedOptimizers } from '@dr2net/memory';
import {
  type Batch,
  type BatchSource,
  memoryModelOf,
  segmenterMemoryModelOf,
  type TaskModel,
  TransformerBackbone,
} from '@dr2net/models';
import { tune } from '@dr2net/ops';
import { PointSegmentation } from '@dr2net/pointcloud';
import { type FinetuneEvent, type FinetuneOptions, finetune as run } from '@dr2net/train';
import { ActionRecognizer } from '@dr2net/video';
import { type Budget, budgetBytes, leanerMethods, planFor, planInWords } from '../plan/budget.ts';

/** One of the two, or both: then the method is kept, and the update is chosen. */
export interface MemoryChoice {
  /** `exact`, `reversible`, `checkpoint`, `conventional`, `frozen`, or one of them with its options. */
  readonly method?: MethodName | Method;
  /** `2GB`, `1.5GiB`, bytes, or `device`: the fastest setting that fits is chosen, and left for a leaner one when memory runs out. */
  readonly budget?: Budget;
}

export interface FacadeOptions<B extends Batch> extends Omit<FinetuneOptions<B>, 'method' | 'leaner'> {
  /** Default: the model's own method (`exact` under a new head). */
  readonly memory?: MemoryChoice;
}

/** Epochs where neither `epochs` nor `steps` is given. */
const defaultEpochs = 10;

/**
 * See `finetune` of `@dr2net/train`: an async iterator of steps, evaluations, checkpoints. Runs 10 epochs where neither
 * `epochs` nor `steps` is given, and measures the backend that `startBackend` started. What a budget chose is told by a
 * `warning` event before the first step.
 * @throws BudgetError for a budget that is no size, that nothing fits, or where memory cannot be predicted
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
  const { words, ...chosen } = planned(model, data, { options: all, budget, backend });
  return tuned(told(words, run(model, data, { ...all, ...chosen })));
}

/** Tiles of WebGPU's products are chosen before the first step: a rebuild must run the shaders of its forward pass. */
async function* tuned<E>(events: AsyncGenerator<FinetuneEvent<E>, void, undefined>) {
  await tune();
  yield* events;
}

async function* told<E>(message: string, events: AsyncGenerator<FinetuneEvent<E>, void, undefined>) {
  yield { type: 'warning', step: 0, message } satisfies FinetuneEvent<E>;
  yield* events;
}

interface Wish<B extends Batch> {
  readonly options: FinetuneOptions<B>;
  readonly budget: Budget;
  readonly backend: Backend | undefined;
}

/** The model as the planner sees it, and where its sub-blocks' coefficients and the head's reading are. */
function footprintOf(model: unknown, data: object) {
  if (model instanceof ActionRecognizer && model.backbone instanceof TransformerBackbone) {
    const { backbone, head } = model;
    return {
      settled: model,
      footprint: memoryModelOf(backbone, { classes: head.classes, pooling: head.form.pooling }),
    };
  }
  if (model instanceof PointSegmentation && 'points' in data && typeof data.points === 'number')
    return { settled: model, footprint: segmenterMemoryModelOf(model.segmenter, { points: data.points }) };
  const detector = model instanceof ObjectDetection ? model.footprint() : null;
  if (model instanceof ObjectDetection && detector) return { settled: model, footprint: detector };
  throw new BudgetError(
    'A memory budget needs a model whose memory is known: an actionRecognizer on a loaded backbone, a pointSegmentation with a pointSource, or an objectDetection of a YOLOS.',
  );
}

/** Method, update, and what to step down to; batches stay as the source makes them. */
function planned<B extends Batch, E>(model: TaskModel<B, E>, data: BatchSource<B>, wish: Wish<B>) {
  const { options, budget, backend } = wish;
  const name = plannedBackends.find((known) => known === backend?.name);
  if (!backend || !name)
    throw new BudgetError('A memory budget needs a backend whose memory is known: call startBackend first.');
  const { settled, footprint } = footprintOf(model, data);
  const optimizer = plannedOptimizer(options.optimizer);
  const { coefficients, read } = settled;
  const bytes = budgetBytes(budget, backend.name, () => backend.limits);
  const { accumulate = 1, chunks = 1, update = 'collect', clip, ema } = options;
  const plan = planFor(
    footprint,
    {
      ...{
        coefficients,
        read,
        backend: name,
        split: false,
        walk: false,
        batch: Math.ceil(data.samples / data.batches),
      },
      ...(options.method ? { method: options.method } : {}),
      training: {
        ...{ optimizer, accumulate, update, chunks, clip: clip !== undefined, ema: ema !== undefined },
        decay: (options.optimizer?.weightDecay ?? 1) > 0,
      },
    },
    bytes,
  );
  const { method, update: chosenUpdate, chunks: chosenChunks } = plan.chosen.choice;
  const words = `memory budget: ${planInWords(footprint, plan, bytes)}`;
  return { method, update: chosenUpdate, chunks: chosenChunks, leaner: leanerMethods(plan), words };
}

function plannedOptimizer(optimizer: FinetuneOptions<Batch>['optimizer']): PlannedOptimizer {
  if (!optimizer) return 'adamw';
  const name = optimizer.name === 'sgd' && optimizer.slots.length === 0 ? 'plain-sgd' : optimizer.name;
  const found = plannedOptimizers.find((known) => known === name);
  if (!found)
    throw new BudgetError(
      `A memory budget needs an optimizer whose memory is known: ${plannedOptimizers.join(', ')}; it is ${name}.`,
    );
  return found;
}
