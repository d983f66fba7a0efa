/** What a budget chooses for the loop: from a dry model at once, or by trial steps before the first. Batches stay as the source makes them. */
import { type Backend, currentBackend } from '@dr2net/backends';
import {
  BudgetError,
  type Plan,
  type PlannedOptimizer,
  plannedBackends,
  plannedOptimizers,
  type Weighed,
} from '@dr2net/memory';
import type { Batch, BatchSource } from '@dr2net/models';
import type { FinetuneOptions } from '@dr2net/train';
import { type Budget, type BudgetInWords, budgetBytes, leanerMethods, planFor, planInWords } from '../plan/budget.ts';
import type { Choice } from '../plan/candidates.ts';
import { measuredPlan } from '../plan/measured.ts';
import type { Known, Measurable } from './footprint.ts';

export interface Wish<B extends Batch> {
  readonly options: FinetuneOptions<B>;
  readonly backend: Backend;
  readonly bytes: number;
}

/** @throws BudgetError for a budget that is no size, or without a backend */
export function wishFor<B extends Batch>(options: FinetuneOptions<B>, budget: Budget): Wish<B> {
  const backend = currentBackend();
  if (!backend) throw new BudgetError(notStarted);
  return { options, backend, bytes: budgetBytes(budget, backend.name, () => backend.limits) };
}

const notStarted = 'A memory budget needs a backend whose memory is known: call startBackend first.';

/** The loop's options that are chosen, and the choice in words. */
export interface Chosen<B extends Batch> {
  readonly options: Pick<FinetuneOptions<B>, 'method' | 'update' | 'chunks' | 'leaner'>;
  readonly words: string;
}

/** Batches stay as the source makes them. */
const batchOf = ({ samples, batches }: BatchSource<Batch>) => ({ split: false, batch: Math.ceil(samples / batches) });

/**
 * @yields what has been tried and what came of it, in words
 * @throws BudgetError; the signal's reason once it is aborted
 */
export async function* measured<B extends Batch>(
  data: BatchSource<B>,
  { settled: { coefficients }, trials }: Measurable,
  { options, backend, bytes }: Wish<B>,
): AsyncGenerator<string, Chosen<B>> {
  const { accumulate = 1, chunks = 1, update = 'collect', clip, ema, optimizer, seed, signal, method } = options;
  const plan = yield* measuredPlan(
    trials,
    {
      ...batchOf(data),
      ...{ coefficients, backend, training: { accumulate, update, chunks, clip: clip !== undefined } },
      ...(clip !== undefined && { clip: () => clip }),
      ...(method && { method }),
      ...(optimizer && { optimizer }),
      ...(ema !== undefined && { ema }),
      ...(seed !== undefined && { seed }),
      ...(signal && { signal }),
    },
    bytes,
  );
  return chosenBy(plan, { bytes, words: trials.words, how: 'measured' });
}

/** @throws BudgetError */
export function planned<B extends Batch>(
  data: BatchSource<B>,
  { settled, footprint }: Known,
  { options, backend, bytes }: Wish<B>,
): Chosen<B> {
  const name = plannedBackends.find((known) => known === backend.name);
  if (!name) throw new BudgetError(notStarted);
  const optimizer = plannedOptimizer(options.optimizer);
  const { coefficients, read } = settled;
  const { accumulate = 1, chunks = 1, update = 'collect', clip, ema } = options;
  const plan = planFor(
    footprint,
    {
      ...{ coefficients, read, backend: name, walk: false, ...batchOf(data) },
      ...(options.method ? { method: options.method } : {}),
      training: {
        ...{ optimizer, accumulate, update, chunks, clip: clip !== undefined, ema: ema !== undefined },
        decay: (options.optimizer?.weightDecay ?? 1) > 0,
      },
    },
    bytes,
  );
  return chosenBy(plan, { bytes, words: footprint.words, how: 'predicted' });
}

function chosenBy<B extends Batch>(plan: Plan<Weighed<Choice>>, told: BudgetInWords): Chosen<B> {
  const { method, update, chunks } = plan.chosen.choice;
  return {
    options: { method, update, chunks, leaner: leanerMethods(plan) },
    words: `memory budget: ${planInWords(plan, told)}`,
  };
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
