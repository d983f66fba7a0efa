/** What all learning-rate schedules share: a linear warm-up, then the schedule's own course. */
import { finite, onlyKnown, refuse } from '../check.ts';
import type { LearningRateSchedule } from '../contract.ts';
import { checkPositions, type Position, resolve } from '../position.ts';

/** The learning rate, and how it is reached. */
export interface WarmupOptions {
  /** The learning rate that the warm-up reaches, above 0. */
  readonly rate: number;
  /** Length of the warm-up (default 0). */
  readonly warmup?: Position;
  /** Where the warm-up begins, 0 … rate (default 0). */
  readonly from?: number;
}

/** Throws where a learning rate is negative or not finite. */
export function checkRate(schedule: string, option: string, value: number, least = 0): void {
  finite(schedule, option, value);
  if (value < least) refuse(schedule, option, value, `${least} or more`);
}

/**
 * Makes a schedule: `from` + (`rate` − `from`)·step/w for the w steps of the warm-up, then `course`.
 * @param own the schedule's own options, for toJSON; they are checked by the caller
 * @param course the rate at a step of the run; `since` and `length` are counted from the end of the warm-up
 */
export function warmed<Own extends object>(
  name: string,
  options: WarmupOptions & Own,
  own: Required<Own>,
  course: (at: { since: number; length: number; step: number; total: number; epochSteps?: number }) => number,
): LearningRateSchedule {
  onlyKnown(name, options, ['rate', 'warmup', 'from', ...Object.keys(own)]);
  const { rate, warmup = 0, from = 0 } = options;
  if (!(Number.isFinite(rate) && rate > 0)) refuse(name, 'rate', rate, 'a finite number above 0');
  checkRate(name, 'from', from);
  checkPositions(name, { warmup });
  return {
    name,
    at(step, total, epochSteps) {
      const warm = Math.round(resolve(name, 'warmup', warmup, total, epochSteps));
      if (step < warm) return from + ((rate - from) * step) / warm;
      const length = total - warm;
      return course({ since: step - warm, length, step, total, ...(epochSteps !== undefined && { epochSteps }) });
    },
    toJSON: () => ({ name, rate, warmup, from, ...own }),
  };
}
