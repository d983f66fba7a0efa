/**
 * The authors' earlier schedules, number for number, as earlier versions of the public fragment have them (`pointvit_inv.py` in OpenPoints).
 * They count epochs c = 1, 2, …; with s = start, e = end:
 *
 *     interleaved   as their later one, with two decimals, down to (0, 1)
 *     linear        α falls from 1 at s + 1 to 0 at e linearly; logarithmic and exponential: as log c and exp c do
 *     list          α = 1, 1, .8, .6, .5, .4, .3, .2, .1, 0 in epochs 1 … 10
 *     beta-only     α stays, β rises from 0.1 to 1
 *     negative      α = 1, β falls from −0.1 to −1
 *
 * In linear, logarithmic, exponential and list β = min(1.1 − α, 1), (1, 0.1) at s, and (0, 1) after e.
 */
import { finite, oneOf, onlyKnown, whole } from '../check.ts';
import { type CoefficientSchedule, ScheduleError } from '../contract.ts';
import { requireEpochSteps } from '../position.ts';
import { round } from '../round.ts';

/** The way that α and β go. */
export type EarlyPolicy = 'interleaved' | 'linear' | 'logarithmic' | 'exponential' | 'list' | 'beta-only' | 'negative';

/** Policy and epochs of {@link authorsEarly}. */
export interface AuthorsEarlyOptions {
  /** Default `interleaved`. */
  readonly policy?: EarlyPolicy;
  /** The first epoch in which the coefficients are not (1, 0); the first of all is 1 (default 1). Not for `list`. */
  readonly start?: number;
  /** The epoch in which they arrive (default 20). Not for `list`. */
  readonly end?: number;
  /** Period in epochs (default 2) of `interleaved`, `beta-only` and `negative`. */
  readonly every?: number;
  /** α of `beta-only` (default 0). */
  readonly alpha?: number;
}

interface Clock {
  readonly epoch: number;
  readonly start: number;
  readonly end: number;
  readonly every: number;
  readonly alpha: number;
}

interface Policy {
  readonly takes: readonly (keyof AuthorsEarlyOptions)[];
  at(clock: Clock): { alpha: number; beta: number };
}

const name = 'authors-early';
const clamp = (x: number, from: number, to: number) => Math.min(Math.max(x, from), to);
const list = [1, 1, 0.8, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0];

/** α by a line a·h + c that is 1 at start + 1 and 0 at end, h a function of the epoch; β = min(1.1 − α, 1). */
function curve(line: (start: number, end: number) => (epoch: number) => number): Policy {
  return {
    takes: ['start', 'end'],
    at({ epoch, start, end }) {
      if (epoch === start) return { alpha: 1, beta: 0.1 };
      if (epoch > end) return { alpha: 0, beta: 1 };
      const alpha = round(clamp(line(start, end)(epoch), 0, 1), 2);
      return { alpha, beta: round(Math.min(1 - alpha + 0.1, 1), 2) };
    },
  };
}

// In the authors' order of operations, so that rounding falls as theirs does.
const linear = curve((start, end) => (epoch) => (1 / (start + 1 - end)) * epoch + end / (end - start - 1));
const logarithmic = curve((start, end) => {
  const a = 1 / Math.log((start + 1) / end);
  return (epoch) => a * Math.log(epoch) - a * Math.log(end);
});
const exponential = curve((start, end) => {
  const a = 1 / (Math.E ** (start + 1) - Math.E ** end);
  return (epoch) => a * Math.E ** epoch - a * Math.E ** end;
});

/** |β| of the policies that move β alone. */
const rise = ({ epoch, start, end, every }: Clock) =>
  epoch >= end ? 1 : round(clamp((every / (end - start)) * Math.ceil((epoch - start - 1) / every) + 0.1, 0.1, 1), 4);

const policies: Record<EarlyPolicy, Policy> = {
  interleaved: {
    takes: ['start', 'end', 'every'],
    at({ epoch, start, end, every }) {
      if (epoch > end) return { alpha: 0, beta: 1 };
      const slope = every / (end - start);
      const [b, a] = [epoch - start - 1, epoch - start - 1 - Math.floor(every / 2)];
      return {
        alpha: round(clamp(-round(slope, 2) * Math.ceil(a / every) + 1, 0, 1), 2),
        beta: round(clamp(slope * Math.ceil(b / every) + 0.1, 0, 1), 2),
      };
    },
  },
  linear,
  logarithmic,
  exponential,
  list: {
    takes: [],
    at({ epoch }) {
      const alpha = list[epoch - 1] ?? 0;
      return { alpha, beta: round(Math.min(1 - alpha + 0.1, 1), 2) };
    },
  },
  'beta-only': {
    takes: ['start', 'end', 'every', 'alpha'],
    at: (clock) => ({ alpha: clock.alpha, beta: rise(clock) }),
  },
  negative: { takes: ['start', 'end', 'every'], at: (clock) => ({ alpha: 1, beta: -rise(clock) }) },
};

/** The authors' earlier schedules, number for number, as earlier versions of `pointvit_inv.py` in OpenPoints have them. */
export function authorsEarly(options: AuthorsEarlyOptions = {}): CoefficientSchedule {
  const { policy = 'interleaved', start = 1, end = 20, every = 2, alpha = 0 } = options;
  oneOf(name, 'policy', policy, Object.keys(policies) as EarlyPolicy[]);
  const { takes, at } = policies[policy];
  onlyKnown(`${name} (${policy})`, options, ['policy', ...takes]);
  whole(name, 'start', start, 1);
  whole(name, 'every', every, 1);
  finite(name, 'alpha', alpha);
  if (!(Number.isInteger(end) && end >= start + 2 && end <= 700))
    throw new ScheduleError(`${name}: end is ${end}; it must be a whole number from start + 2 = ${start + 2} to 700.`);
  const given = { policy, start, end, every, alpha };
  return {
    name,
    at(step, _total, epochSteps) {
      const epoch = 1 + Math.floor(step / requireEpochSteps(name, epochSteps));
      if (epoch < start) return { alpha: 1, beta: 0, frozen: true };
      return { ...at({ epoch, ...given }), frozen: false };
    },
    toJSON: () => ({ name, policy, ...Object.fromEntries(takes.map((option) => [option, given[option]])) }),
  };
}
