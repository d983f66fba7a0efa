/**
 * The schedule that looks: the way of `dynamic`, but as fast as training bears it and never where the gradients cannot be trusted.
 *
 * Every so many steps it proposes the next place t + pace on the way, and the loop measures what that would do to the network: the change c
 * of its output on the batch at hand. Then
 *
 *     t ← max(t + pace·min(1, limit/c),  the slowest course,  the first place whose gradients are within the tolerance)
 *     pace ← pace·clamp(limit/c, ½, 2)
 *
 * as a step-size control does it. While the training loss is rising (its mean since the last look is above the running mean by more than the
 * usual deviation) t stays and the pace is halved. The slowest course, t = τ² with τ the time passed until the deadline as a share,
 * leaves all freedom early and arrives in time; `dynamic` would be t = τ. The tolerance matters where the anchors are given by number:
 * then the coefficients begin where these are enough (with anchors `auto` the anchors follow the coefficients, and with `exact` every
 * place will do).
 */
import { finite, oneOf, onlyKnown, refuse } from '../check.ts';
import { type Clock, type LookingSchedule, type Observation, ScheduleError, type Trust } from '../contract.ts';
import { checkPositions, type Position, resolve } from '../position.ts';
import { type Warmup, warmups } from './dynamic.ts';
import { type PathOptions, path } from './path.ts';

/** How far, how fast and how carefully {@link adaptive} goes. */
export interface AdaptiveOptions extends PathOptions {
  /** Where the coefficients may begin to move (default 0). */
  readonly start?: Position;
  /** Where they have arrived at the latest (default '60%'). */
  readonly deadline?: Position;
  /** It looks once every so much (default '5%'); each look costs two forward passes. */
  readonly every?: Position;
  /** How much one move may change the network's output, ‖Δ‖₂/‖y‖₂ (default 0.1). */
  readonly change?: number;
  /** How the steps before `start` train (default `frozen`, which keeps nothing). */
  readonly warmup?: Warmup;
}

/** What {@link adaptive} has learned, for a checkpoint. */
export interface AdaptiveState {
  /** t, 0 … 1: how far on the way. */
  readonly at: number;
  /** How far the next move tries to go. */
  readonly pace: number;
  /** The losses since the last look: how many, and their sum. */
  readonly count: number;
  readonly sum: number;
  /** Running mean of the means between looks; null before the first look. */
  readonly mean: number | null;
  /** Running mean of |mean between two looks − running mean|. */
  readonly deviation: number;
}

const name = 'adaptive';
/** The paces: a finest move, the one to begin with, and a quarter of the way at most. */
const [finest, firstPace, coarsest] = [1 / 256, 1 / 16, 1 / 4];
/** How much of a running mean is new at each look. */
const fresh = 0.3;
const clamp = (x: number, from: number, to: number) => Math.min(Math.max(x, from), to);

/** The schedule that looks: the way of {@link dynamic}, but as fast as training bears it and never where the gradients cannot be trusted. */
export function adaptive(options: AdaptiveOptions = {}): LookingSchedule<AdaptiveState> {
  onlyKnown(name, options, ['start', 'deadline', 'every', 'change', 'warmup', 'ratio', 'sum']);
  const {
    start = 0,
    deadline = '60%',
    every = '5%',
    change: limit = 0.1,
    warmup = 'frozen',
    ratio = 0.6,
    sum,
  } = options;
  checkPositions(name, { start, deadline });
  checkPositions(name, { every });
  const along = path(name, { ratio, sum });
  oneOf(name, 'warmup', warmup, warmups);
  finite(name, 'change', limit);
  if (!(limit > 0)) refuse(name, 'change', limit, 'above 0');
  const point = (t: number) => ({ ...along(t), frozen: false });

  function times({ total, epochSteps }: Pick<Clock, 'total' | 'epochSteps'>) {
    const step = (option: string, position: Position) => Math.round(resolve(name, option, position, total, epochSteps));
    const [from, to, stride] = [step('start', start), step('deadline', deadline), Math.max(1, step('every', every))];
    if (from > to)
      throw new ScheduleError(
        `${name}: start (${start}) is step ${from} and deadline (${deadline}) is step ${to} of ${total}; start must not be after deadline.`,
      );
    return { from, to, stride };
  }
  /** t of the slowest course at a step. */
  const slowest = (step: number, from: number, to: number) =>
    step >= to ? 1 : clamp((step - from) / (to - from), 0, 1) ** 2;
  /** The first place from t on whose gradients are within the tolerance; the end where none is. */
  function trusted(t: number, trust: Trust): number {
    let at = t;
    while (at < 1 && !trust(point(at))) at = Math.min(1, at + finest);
    return at;
  }

  function moved(
    state: AdaptiveState,
    { change, clock, trust }: Extract<Observation, { kind: 'change' }>,
  ): AdaptiveState {
    const { from, to, stride } = times(clock);
    const loss = state.count > 0 ? state.sum / state.count : undefined;
    const rising = loss !== undefined && state.mean !== null && loss > state.mean + state.deviation;
    // Outputs that are no numbers forbid a move.
    const room = Number.isNaN(change) ? 0 : change > 0 ? limit / change : Number.POSITIVE_INFINITY;
    const wanted = rising ? state.at : state.at + state.pace * Math.min(1, room);
    const at = trusted(Math.min(1, Math.max(wanted, slowest(clock.step + stride, from, to))), trust);
    const pace = clamp(state.pace * (rising ? 0.5 : clamp(room, 0.5, 2)), finest, coarsest);
    if (loss === undefined) return { ...state, at, pace };
    const mean = state.mean === null ? loss : state.mean + fresh * (loss - state.mean);
    const gap = state.mean === null ? 0 : Math.abs(loss - state.mean);
    return { at, pace, count: 0, sum: 0, mean, deviation: state.deviation + fresh * (gap - state.deviation) };
  }

  return {
    name,
    begin: (trust) => ({ at: trusted(0, trust), pace: firstPace, count: 0, sum: 0, mean: null, deviation: 0 }),
    at(step, total, epochSteps, state) {
      const { from, to } = times({ total, ...(epochSteps !== undefined && { epochSteps }) });
      if (step < from) return { alpha: 1, beta: 0, frozen: warmup === 'frozen' };
      return point(state && step < to ? state.at : slowest(step, from, to));
    },
    propose(state, clock) {
      const { from, to, stride } = times(clock);
      const looks = clock.step > from && clock.step < to && (clock.step - from) % stride === 0;
      return looks && state.at < 1 ? point(Math.min(1, state.at + state.pace)) : undefined;
    },
    next(state, observation) {
      if (observation.kind === 'change') return moved(state, observation);
      return { ...state, count: state.count + 1, sum: state.sum + observation.loss };
    },
    toJSON: () => ({ name, start, deadline, every, change: limit, ratio, warmup, ...(sum !== undefined && { sum }) }),
  };
}
