/** Learning-rate schedules by name, for checkpoints and command lines. */
import { oneOf } from '../check.ts';
import type { LearningRateSchedule, ScheduleJSON } from '../contract.ts';
import { constantRate, cosineRate, linearRate, stepRate } from './rates.ts';

/** Options arrive as JSON; each maker checks them. */
const makers: Record<string, (options: never) => LearningRateSchedule> = {
  constant: constantRate,
  linear: linearRate,
  cosine: cosineRate,
  step: stepRate,
};

/** The names that `learningRateFromJSON` knows. */
export const learningRateNames: readonly string[] = Object.keys(makers);

/** A schedule from its name and options, such as `toJSON` gives. Throws a ScheduleError that names what is wrong. */
export function learningRateFromJSON({ name, ...options }: ScheduleJSON): LearningRateSchedule {
  oneOf('learningRateFromJSON', 'schedule', name, learningRateNames);
  return makers[name]!(options as never);
}
