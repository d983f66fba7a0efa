/** Schedules of the coefficients by name, for checkpoints and command lines. */
import { oneOf } from '../check.ts';
import type { CoefficientSchedule, ScheduleJSON } from '../contract.ts';
import { type AdaptiveOptions, adaptive } from './adaptive.ts';
import { type AuthorsOptions, authors } from './authors.ts';
import { type AuthorsEarlyOptions, authorsEarly } from './authors-early.ts';
import { constantFrom } from './constant.ts';
import { type DynamicOptions, dynamic } from './dynamic.ts';

/** Options arrive as JSON; each maker checks them. */
const makers: Record<string, (options: Record<string, unknown>) => CoefficientSchedule> = {
  constant: (options) => constantFrom(options as { alpha: number; beta: number }),
  dynamic: (options) => dynamic(options as DynamicOptions),
  adaptive: (options) => adaptive(options as AdaptiveOptions),
  authors: (options) => authors(options as AuthorsOptions),
  'authors-early': (options) => authorsEarly(options as AuthorsEarlyOptions),
};

/** The names that `coefficientScheduleFromJSON` knows. */
export const coefficientScheduleNames: readonly string[] = Object.keys(makers);

/** A schedule from its name and options, such as `toJSON` gives. Throws a ScheduleError that names what is wrong. */
export function coefficientScheduleFromJSON({ name, ...options }: ScheduleJSON): CoefficientSchedule {
  oneOf('coefficientScheduleFromJSON', 'schedule', name, coefficientScheduleNames);
  return makers[name]!(options);
}
