/**
 * The authors' schedule, number for number, as the public fragment of their code has it (`pointvit_inv.py` in OpenPoints, its later
 * version; β is called lambda there). The numbers are rounded to four decimals as theirs are. With s = start, e = end, k = every, r = ratio:
 *
 *     interleaved       β = 0.1 + k/(e−s)·⌈(c−s−1)/k⌉       α = 1 − k/(e−s)·⌈(c−s−1−⌊k/2⌋)/k⌉
 *     alpha-then-beta   the same with k/2, α over the first half of s … e, β over the second
 *     beta-then-alpha   the other way round
 *
 * kept in 0.1 … 0.1 + r and 1 − r … 1. So the slope is 1/(e−s), the end is reached after r·(e−s), and α moves half a period after β.
 * The clock c counts epochs from 1, or steps from 0. Before s the network is the pretrained one and frozen.
 */
import { inRange, oneOf, onlyKnown, whole } from '../check.ts';
import { type CoefficientSchedule, ScheduleError } from '../contract.ts';
import { checkPositions, type Position, requireEpochSteps, resolve } from '../position.ts';
import { round } from '../round.ts';

/** Which of α and β moves when. */
export type AuthorsPolicy = 'interleaved' | 'alpha-then-beta' | 'beta-then-alpha';

/** In epochs (the first is 1) or in steps (the first is 0): a number, or a part of the run. */
export type ClockPosition = number | `${number}%`;

/** Policy and epochs of {@link authors}. */
export interface AuthorsOptions {
  /** Default `interleaved`, their option 0 (the others are 5 and 6). */
  readonly policy?: AuthorsPolicy;
  /** What the clock counts (default `epochs`; theirs is called use_iter). */
  readonly unit?: 'epochs' | 'steps';
  /** Default 1 (0 where the unit is steps). */
  readonly start?: ClockPosition;
  /** Default 200 epochs; needed where the unit is steps. */
  readonly end?: ClockPosition;
  /** Period in the clock's unit (default 2). */
  readonly every?: number;
  /** Their freeze_ratio, 0 … 1 (default 0.6). */
  readonly ratio?: number;
}

interface Clock {
  readonly current: number;
  readonly start: number;
  readonly end: number;
  readonly every: number;
}

const name = 'authors';

/** β and α after so many periods, in the authors' order of operations. */
const beta = (slope: number, periods: number, ratio: number) =>
  round(Math.max(Math.min(slope * periods + 0.1, 0.1 + ratio), 0.1), 4);
const alpha = (slope: number, periods: number, ratio: number) =>
  round(Math.min(Math.max(-round(slope, 12) * periods + 1, 1 - ratio), 1), 4);

const policies: Record<AuthorsPolicy, (clock: Clock, ratio: number) => { alpha: number; beta: number }> = {
  interleaved({ current, start, end, every }, ratio) {
    const slope = every / (end - start);
    return {
      alpha: alpha(slope, Math.ceil((current - start - 1 - Math.floor(every / 2)) / every), ratio),
      beta: beta(slope, Math.ceil((current - start - 1) / every), ratio),
    };
  },
  'alpha-then-beta'({ current, start, end, every }, ratio) {
    const k = Math.trunc(every / 2);
    const half = start + Math.trunc((end - start) / 2);
    return {
      alpha: alpha(k / (half - start), Math.ceil((current - start - 1 - Math.floor(k / 2)) / k), ratio),
      beta: current < half ? 0.1 : beta(k / (end - half), Math.ceil((current - half - 1) / k), ratio),
    };
  },
  'beta-then-alpha'({ current, start, end, every }, ratio) {
    const k = Math.trunc(every / 2);
    const half = start + Math.trunc((end - start) / 2);
    return {
      alpha:
        current < half ? 1 : alpha(k / (end - half), Math.ceil((current - half - 1 - Math.floor(k / 2)) / k), ratio),
      beta: beta(k / (half - start), Math.ceil((current - start - 1) / k), ratio),
    };
  },
};

/** The clock's first count: epochs are numbered from 1, steps from 0. */
const origin = { epochs: 1, steps: 0 } as const;

/** The authors' schedule, number for number, as the later version of `pointvit_inv.py` in OpenPoints has it. */
export function authors(options: AuthorsOptions = {}): CoefficientSchedule {
  onlyKnown(name, options, ['policy', 'unit', 'start', 'end', 'every', 'ratio']);
  const { policy = 'interleaved', unit = 'epochs', every = 2, ratio = 0.6 } = options;
  oneOf(name, 'policy', policy, Object.keys(policies) as AuthorsPolicy[]);
  oneOf(name, 'unit', unit, ['epochs', 'steps']);
  const { start = origin[unit], end = unit === 'epochs' ? 200 : undefined } = options;
  if (end === undefined)
    throw new ScheduleError(`${name}: end is missing; with unit "steps" give it in steps, or as '60%'.`);
  checkPositions(name, { start, end });
  whole(name, 'every', every, policy === 'interleaved' ? 1 : 2);
  inRange(name, 'ratio', ratio, 0, 1);
  return {
    name,
    at(step, total, epochSteps) {
      const length = unit === 'epochs' ? requireEpochSteps(name, epochSteps) : 1;
      const counts = Math.ceil(total / length);
      const place = (option: string, position: Position) =>
        typeof position === 'number'
          ? position
          : origin[unit] + Math.round(resolve(name, option, position, counts - origin[unit], undefined));
      const clock = {
        current: origin[unit] + Math.floor(step / length),
        start: place('start', start),
        end: place('end', end),
        every,
      };
      if (clock.current < clock.start) return { alpha: 1, beta: 0, frozen: true };
      if (clock.end - clock.start < (policy === 'interleaved' ? 1 : 2))
        throw new ScheduleError(
          `${name}: start (${start}) is ${clock.start} and end (${end}) is ${clock.end} of ${counts} ${unit}; end must come later.`,
        );
      return { ...policies[policy](clock, ratio), frozen: false };
    },
    toJSON: () => ({ name, policy, unit, start, end, every, ratio }),
  };
}
