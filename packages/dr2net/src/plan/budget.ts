/** A budget, and the plan that keeps it. */
import type { BackendLimits } from '@dr2net/backends';
import { BudgetError, choosePlan, formatBytes, type MemoryModel, type Plan, parseBytes } from '@dr2net/memory';
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

/**
 * The fastest setting that fits, `exact` where it is about as fast and leaner.
 * @throws BudgetError, BudgetTooSmallError
 */
export function planFor(model: MemoryModel, options: CandidateOptions, bytes: number): Plan<Choice> {
  return choosePlan(model, candidates(model, options), bytes, ({ method }) => method.name === 'exact');
}

/** `exact, gradients in the sink: 1.93 GB of 2 GB` */
export function planInWords({ words }: MemoryModel, { chosen }: Plan<Choice>, bytes: number): string {
  return `${chosen.title}, ${chosen.choice.batch} ${words.samples} at a time: ${formatBytes(chosen.needBytes)} of ${formatBytes(bytes)} (predicted)`;
}

/** The methods to go on with when the chosen one does not fit after all: those of the same batches. */
export function leanerMethods({ chosen, leaner }: Plan<Choice>) {
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
