/** The learning-rate schedules: constant, linear, cosine (Loshchilov & Hutter, arXiv 1608.03983, one cycle), step. */
import { inRange, refuse } from '../check.ts';
import type { LearningRateSchedule } from '../contract.ts';
import { checkPositions, type Position, resolve } from '../position.ts';
import { checkRate, type WarmupOptions, warmed } from './warmup.ts';

/** The warm-up, then `rate` for the rest. */
export function constantRate(options: WarmupOptions): LearningRateSchedule {
  return warmed('constant', options, {}, () => options.rate);
}

/** How a learning rate falls. */
export interface DecayOptions {
  /** The rate at the end of the run and after it (default 0). */
  readonly low?: number;
}

/** The warm-up, then from `rate` to `low` by half a cosine; step `total` and later ones have `low`. */
export function cosineRate(options: WarmupOptions & DecayOptions): LearningRateSchedule {
  const { rate, low = 0 } = options;
  checkRate('cosine', 'low', low);
  return warmed<DecayOptions>('cosine', options, { low }, ({ since, length }) =>
    since >= length ? low : low + (rate - low) * 0.5 * (1 + Math.cos((Math.PI * since) / length)),
  );
}

/** The warm-up, then from `rate` to `low` in a straight line; step `total` and later ones have `low`. */
export function linearRate(options: WarmupOptions & DecayOptions): LearningRateSchedule {
  const { rate, low = 0 } = options;
  checkRate('linear', 'low', low);
  return warmed<DecayOptions>('linear', options, { low }, ({ since, length }) =>
    since >= length ? low : rate + ((low - rate) * since) / length,
  );
}

/** Where a learning rate drops. */
export interface StepOptions {
  /** Where the rate drops, ascending. */
  readonly at: readonly Position[];
  /** What it is multiplied by each time, 0 … 1 (default 0.1). */
  readonly factor?: number;
}

/** The warm-up, then `rate`, multiplied by `factor` at each place in `at`. */
export function stepRate(options: WarmupOptions & StepOptions): LearningRateSchedule {
  const { rate, at, factor = 0.1 } = options;
  if (!Array.isArray(at) || at.length === 0) refuse('step', 'at', at, "a list of places such as ['60%', '80%']");
  checkPositions('step', Object.fromEntries(at.map((place, i) => [`at[${i}]`, place])));
  inRange('step', 'factor', factor, 0, 1);
  return warmed<StepOptions>('step', options, { at, factor }, ({ step, total, epochSteps }) => {
    const drops = at.filter((place, i) => step >= Math.round(resolve('step', `at[${i}]`, place, total, epochSteps)));
    return rate * factor ** drops.length;
  });
}
