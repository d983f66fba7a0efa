/** Places in a run: a step, a percentage of the run, or a number of epochs. */
import { refuse } from './check.ts';
import { ScheduleError } from './contract.ts';

/** A step (`120`), a part of the run (`'60%'`), or epochs from its beginning (`'3 epochs'`). */
export type Position = number | `${number}%` | `${number} epochs`;

type Parsed = { readonly unit: 'steps' | '%' | 'epochs'; readonly value: number };

function parse(schedule: string, option: string, position: Position | string): Parsed {
  const match = typeof position === 'string' && /^\s*(\d+(?:\.\d+)?)\s*(%|epochs?)?\s*$/.exec(position);
  const value = match ? Number(match[1]) : position;
  const unit = match ? (match[2] === '%' ? '%' : match[2] ? 'epochs' : 'steps') : 'steps';
  const most = unit === '%' ? 100 : Number.MAX_VALUE;
  if (!(typeof value === 'number' && value >= 0 && value <= most))
    refuse(
      schedule,
      option,
      position,
      "a step (0 or more), a part of the run such as '60%', or a time such as '3 epochs'",
    );
  return { unit, value };
}

/** Throws where a position is none, or where one cannot lie before another whatever the length of the run. */
export function checkPositions(schedule: string, positions: Readonly<Record<string, Position>>): void {
  const parsed = Object.entries(positions).map(([option, position]) => ({
    option,
    position,
    ...parse(schedule, option, position),
  }));
  for (const [i, later] of parsed.entries()) {
    const earlier = parsed[i - 1];
    if (earlier && earlier.unit === later.unit && earlier.value > later.value)
      refuse(schedule, later.option, later.position, `after ${earlier.option} (${earlier.position})`);
  }
}

/** The step of a position, not rounded. */
export function resolve(
  schedule: string,
  option: string,
  position: Position,
  total: number,
  epochSteps: number | undefined,
): number {
  const { unit, value } = parse(schedule, option, position);
  if (unit === 'steps') return value;
  if (unit === '%') return (value / 100) * total;
  return value * requireEpochSteps(schedule, epochSteps);
}

export function requireEpochSteps(schedule: string, epochSteps: number | undefined): number {
  if (epochSteps !== undefined && epochSteps > 0) return epochSteps;
  throw new ScheduleError(
    `${schedule} counts epochs, but the length of one is ${epochSteps}; give the steps of an epoch as the third argument of at().`,
  );
}
