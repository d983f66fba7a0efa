/** Checks of options, with messages that name the schedule, the option, the value and what it may be. */
import { closest } from 'fastest-levenshtein';
import { ScheduleError } from './contract.ts';

export function refuse(schedule: string, option: string, value: unknown, must: string): never {
  const shown = typeof value === 'string' ? `"${value}"` : String(value);
  throw new ScheduleError(`${schedule}: ${option} is ${shown}; it must be ${must}.`);
}

export function inRange(schedule: string, option: string, value: number, from: number, to: number): void {
  if (!(typeof value === 'number' && value >= from && value <= to))
    refuse(schedule, option, value, `a number from ${from} to ${to}`);
}

export function finite(schedule: string, option: string, value: number): void {
  if (!Number.isFinite(value)) refuse(schedule, option, value, 'a finite number');
}

export function whole(schedule: string, option: string, value: number, least: number): void {
  if (!(Number.isInteger(value) && value >= least)) refuse(schedule, option, value, `a whole number, ${least} or more`);
}

export function oneOf<T extends string>(schedule: string, option: string, value: T, known: readonly T[]): void {
  if (known.includes(value)) return;
  throw new ScheduleError(
    `${schedule}: "${value}" is no ${option}; did you mean "${closest(String(value), known)}"? Known: ${known.join(', ')}.`,
  );
}

/** Refuses options that the schedule does not take, so that none is accepted and ignored. */
export function onlyKnown(schedule: string, options: object, known: readonly string[]): void {
  for (const [option, value] of Object.entries(options)) {
    if (value === undefined || known.includes(option)) continue;
    const hint = known.length > 0 ? ` Did you mean "${closest(option, known)}"? It takes: ${known.join(', ')}.` : '';
    throw new ScheduleError(`${schedule} takes no option "${option}".${hint}`);
  }
}
