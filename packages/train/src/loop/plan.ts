/** What one step uses: coefficients, learning rate, and a method that can run with them. */
import { type Coefficients, type Method, methodCoefficients } from '@dr2net/core';
import type { Batch } from '@dr2net/models';
import { firstState, pointAt, trustOf } from './course.ts';
import type { ResolvedOptions } from './options.ts';

export interface StepPlan {
  readonly coefficients: Coefficients;
  readonly method: Method;
  readonly learningRate: number;
  /** Only the head learns. */
  readonly frozen: boolean;
  /** Why the method is not the one asked for. */
  readonly note?: string;
}

type PlanOptions = Pick<
  ResolvedOptions<Batch>,
  'schedule' | 'learningRate' | 'method' | 'total' | 'epochSteps' | 'subBlocks'
>;

/**
 * Throws a RangeError when a schedule gives a number that is not finite, and core's errors for a method that does not
 * exist or cannot run with these coefficients.
 * @param step 0-based
 * @param state what a schedule that looks has learned
 */
export function planStep(step: number, options: PlanOptions, state?: unknown): StepPlan {
  const { schedule, method, total, epochSteps } = options;
  const { alpha, beta, frozen = false } = pointAt(schedule, { step, total, epochSteps }, state);
  const learningRate = options.learningRate.at(step, total, epochSteps);
  if (!Number.isFinite(alpha) || !Number.isFinite(beta))
    throw new RangeError(`The schedule gives α = ${alpha}, β = ${beta} at step ${step + 1}; both must be finite.`);
  if (!Number.isFinite(learningRate) || learningRate < 0)
    throw new RangeError(
      `The learning-rate schedule gives ${learningRate} at step ${step + 1}; it must be finite and at least 0.`,
    );
  const plan = { coefficients: { alpha, beta }, learningRate, frozen };
  if (frozen) {
    const note = `the backbone is frozen in this part of the schedule; only the head learns, and method ${method.name} begins later.`;
    return { ...plan, method: { name: 'frozen' }, ...(method.name !== 'frozen' && { note }) };
  }
  if (beta === 0 && (method.name === 'reversible' || method.name === 'exact')) {
    const note = `β = 0 cannot be inverted, so this part of the schedule runs by method conventional and takes its memory; method ${method.name} begins when β ≠ 0.`;
    return { ...plan, method: { name: 'conventional' }, note };
  }
  methodCoefficients(method, plan.coefficients, options.subBlocks);
  return { ...plan, method };
}

/** What a run's schedule begins with, where it looks. */
export function stateBefore({ schedule, method, subBlocks }: PlanOptions): unknown {
  return firstState(
    schedule,
    trustOf(method, subBlocks, () => 1),
  );
}

/** Plans the run's steps, which throws where one cannot be; whether any of them uses the method that was asked for. */
export function runsEver(options: PlanOptions): boolean {
  // Schedules move slowly; of a very long run, a thousand steps tell.
  const stride = Math.max(1, Math.floor(options.total / 1000));
  const state = stateBefore(options);
  let uses = false;
  for (let step = 0; step < options.total; step += stride) {
    uses = planStep(step, options, state).method === options.method || uses;
  }
  return uses;
}
