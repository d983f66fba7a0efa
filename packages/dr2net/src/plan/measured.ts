/** A plan by trial steps. */
import type { Method } from '@dr2net/core';
import { choosePlan, type Plan, planOf } from '@dr2net/memory';
import { prefersExact } from './budget.ts';
import { shapesFor } from './candidates.ts';
import { type Measured, TrialSearch } from './search.ts';
import type { TrialRun, Trials } from './trials.ts';

/** The methods that may be chosen, the leanest first as a rule and the fastest last. */
function methodsFor({ method, coefficients: { beta } }: TrialRun): Method[] {
  if (method) return [method];
  const inverting: Method[] = beta === 0 ? [] : [{ name: 'exact' }, { name: 'reversible' }];
  return [...inverting, { name: 'checkpoint' }, { name: 'conventional' }];
}

/**
 * The fastest setting that fits, `exact` where it is about as fast and leaner, as `planFor` has it: by measured bytes and seconds. The leanest
 * setting is tried first; then the plainest of all, with which the search ends where it fits.
 * @yields what has been tried and what came of it, in words
 * @throws BudgetTooSmallError with the leanest setting that was measured; BudgetError where the device has too little memory for any; the signal's reason once it is aborted
 */
export async function* measuredPlan(
  trials: Trials,
  run: TrialRun,
  bytes: number,
): AsyncGenerator<string, Plan<Measured>> {
  const methods = methodsFor(run);
  const shapes = shapesFor(run, [run.training.chunks]);
  const [first, fastest] = [methods[0]!, methods.at(-1)!];
  const [plainest, leanest] = [shapes[0]!, shapes.at(-1)!];
  const search = new TrialSearch(trials, run, bytes);
  yield* search.try(first, leanest);
  const best = yield* search.fastest(fastest, shapes);
  if (best?.choice.batch === plainest.batch && best.choice.update === plainest.update)
    return planOf(search.measured, best);
  // One of each method: the plainest shape that fits is the fastest as a rule, and by less than measured seconds differ from one time to the next.
  const finalists = best ? [best] : [];
  for (const method of methods.slice(0, -1)) {
    const found = yield* search.fastest(method, shapes);
    if (found) finalists.push(found);
  }
  const { measured } = search;
  if (measured.length === 0) throw search.nothing();
  // The plainest setting of all did not fit.
  const { chosen } = choosePlan(finalists.length > 0 ? finalists : measured, bytes, trials.words, prefersExact, true);
  return planOf(measured, chosen);
}
