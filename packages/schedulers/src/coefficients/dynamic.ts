/**
 * The project's own dynamic schedule, after the paper's section 3.3: from the pretrained network towards the reversible one, both
 * coefficients together, linearly from `start` to `end`.
 *
 *     t = (step − start)/(end − start),   α = 1 − r·t,   β = 0.1 + r·t          with `sum`: α = sum − β
 *
 * Unlike the authors' code it ends at `end`. Their head start of β = 0.1 makes α + β = 1.1, and the forward state grows by about 6 % a
 * sub-block; `sum: 1` holds α + β at 1 instead.
 */
import { oneOf, onlyKnown } from '../check.ts';
import { type CoefficientSchedule, ScheduleError } from '../contract.ts';
import { checkPositions, type Position, resolve } from '../position.ts';
import { type PathOptions, path } from './path.ts';

/** Before the schedule starts the network is the pretrained one, (1, 0); `frozen`: only the head learns. */
export type Warmup = 'frozen' | 'conventional';

/** How far and how fast {@link dynamic} goes. */
export interface DynamicOptions extends PathOptions {
  /** Where the coefficients begin to move (default 0). */
  readonly start?: Position;
  /** Where they arrive (default '60%'). */
  readonly end?: Position;
  /** They move once every so much (default: every step). */
  readonly every?: Position;
  /** How the steps before `start` train (default `frozen`, which keeps nothing; `conventional` needs the memory of ordinary training). */
  readonly warmup?: Warmup;
}

const name = 'dynamic';
export const warmups: readonly Warmup[] = ['frozen', 'conventional'];

/** From the pretrained network towards the reversible one, both coefficients together, linearly from `start` to `end` (after Dr2Net, arXiv 2401.04105, section 3.3). */
export function dynamic(options: DynamicOptions = {}): CoefficientSchedule {
  onlyKnown(name, options, ['start', 'end', 'ratio', 'every', 'warmup', 'sum']);
  const { start = 0, end = '60%', ratio = 0.6, every = 1, warmup = 'frozen', sum } = options;
  checkPositions(name, { start, end });
  checkPositions(name, { every });
  const along = path(name, { ratio, sum });
  oneOf(name, 'warmup', warmup, warmups);
  return {
    name,
    at(step, total, epochSteps) {
      const step0 = (option: string, position: Position) => resolve(name, option, position, total, epochSteps);
      const [from, to] = [Math.round(step0('start', start)), Math.round(step0('end', end))];
      if (from > to)
        throw new ScheduleError(
          `${name}: start (${start}) is step ${from} and end (${end}) is step ${to} of ${total}; start must not be after end.`,
        );
      if (step < from) return { alpha: 1, beta: 0, frozen: warmup === 'frozen' };
      const stride = Math.max(1, Math.round(step0('every', every)));
      const moved = Math.floor((step - from) / stride) * stride;
      return { ...along(step >= to ? 1 : moved / (to - from)), frozen: false };
    },
    toJSON: () => ({ name, start, end, ratio, every, warmup, ...(sum !== undefined && { sum }) }),
  };
}
