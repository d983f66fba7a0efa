/** A budget, and the plan that keeps it. */
import type { BackendLimits } from '@dr2net/backends';
import {
  BudgetError,
  choosePlan,
  formatBytes,
  type MemoryModel,
  type Plan,
  type PlanWords,
  parseBytes,
  plannedAll,
  type Weighed,
} from '@dr2net/memory';
import { type CandidateOptions, type Choice, candidates } from './candidates.ts';

/** A size, or `device`: what the backend says that its device has. */
export type Budget = string | number;

/** @throws BudgetError */
export function budgetBytes(budget: Budget, backend: string, limits: () => BackendLimits | undefined): number {
  if (budget !== 'device') return parseBytes(budget);
  const memory = limits()?.memory;
  if (memory !== undefined) return memory;
  throw new BudgetError(
    `A budget of "device" cannot be had: the backend ${backend} does not tell how much memory its device has. Give a size, such as 4GB.`,
  );
}

/** Where it is about as fast as the fastest, and leaner. */
export const prefersExact = ({ choice }: Weighed<Choice>) => choice.method.name === 'exact';

/** A budget, and how what is chosen for it is told. */
export interface BudgetInWords {
  readonly bytes: number;
  readonly words: PlanWords;
  readonly how: 'predicted' | 'measured';
}

/**
 * The fastest setting that fits, `exact` where it is about as fast and leaner.
 * @throws BudgetError, BudgetTooSmallError
 */
export function planFor(model: MemoryModel, options: CandidateOptions, bytes: number) {
  return choosePlan(plannedAll(model, candidates(model, options)), bytes, model.words, prefersExact);
}

/** `2 clips at a time` */
export function atATime(batch: number, { samples }: PlanWords): string {
  return `${batch} ${batch === 1 ? samples.replace(/s$/, '') : samples} at a time`;
}

/** `exact, gradients in the sink, 2 clips at a time: 1.93 GB of 2 GB (predicted)` */
export function planInWords({ chosen }: Plan<Weighed<Choice>>, { bytes, words, how }: BudgetInWords): string {
  return `${chosen.title}, ${atATime(chosen.batch, words)}: ${formatBytes(chosen.needBytes)} of ${formatBytes(bytes)} (${how})`;
}

/** The methods to go on with when the chosen one does not fit after all: those of the same batches. */
export function leanerMethods({ chosen, leaner }: Plan<Weighed<Choice>>) {
  const { batch, accumulate, update, chunks, coefficients } = chosen.choice;
  return leaner
    .map(({ choice }) => choice)
    .filter(
      (choice) =>
        choice.batch === batch &&
        choice.accumulate === accumulate &&
        choice.update === update &&
        choice.chunks === chunks &&
        // Another network in the middle of a run is no way out.
        choice.coefficients?.beta === coefficients?.beta,
    )
    .map(({ method }) => method);
}
