/** The coefficients' course in one run: the schedule, and what one that looks has learned. */
import { anchorPositions, type Method, predictGradientError, toleranceOf } from '@dr2net/core';
import type { Clock, CoefficientSchedule, LookingSchedule, Observation, SchedulePoint, Trust } from './schedule.ts';

function looking(schedule: CoefficientSchedule): LookingSchedule | undefined {
  return 'propose' in schedule ? (schedule as LookingSchedule) : undefined;
}

/**
 * Where a method's gradients are predicted to be within its tolerance. Only `reversible` with anchors by number can fail: anchors `auto`
 * follow the coefficients, and the other methods rebuild nothing inexactly.
 *
 * @param factor how many times the prediction the errors were measured to be
 */
export function trustOf(method: Method, subBlocks: number, factor: () => number): Trust {
  if (method.name !== 'reversible' || (method.anchors ?? 'auto') === 'auto') return () => true;
  return (point) =>
    predictGradientError(point, subBlocks, anchorPositions(method, point, subBlocks)) * factor() <= toleranceOf(method);
}

/** What a {@link LookingSchedule} begins with; undefined for a schedule that is a function of the step. */
export function firstState(schedule: CoefficientSchedule, trust: Trust): unknown {
  return looking(schedule)?.begin(trust);
}

/** The coefficients of a step. */
export function pointAt(
  schedule: CoefficientSchedule,
  { step, total, epochSteps }: Clock,
  state: unknown,
): SchedulePoint {
  return looking(schedule)?.at(step, total, epochSteps, state) ?? schedule.at(step, total, epochSteps);
}

export class Course {
  #state: unknown;

  constructor(
    private readonly schedule: CoefficientSchedule,
    private readonly trust: Trust,
  ) {
    this.#state = firstState(schedule, trust);
  }

  /** What the schedule has learned, for checkpoints; undefined where it learns nothing. */
  get state(): unknown {
    return this.#state;
  }

  restore(state: unknown): void {
    if (looking(this.schedule) && state !== undefined && state !== null) this.#state = state;
  }

  /** Coefficients whose effect the schedule asks for before a step. */
  propose(clock: Clock): SchedulePoint | undefined {
    return looking(this.schedule)?.propose(this.#state, clock);
  }

  /** Tells the measured change of the output. */
  changed(change: number, clock: Clock): void {
    this.#tell({ kind: 'change', change, clock, trust: this.trust });
  }

  /** Tells a step's loss. */
  learned(loss: number): void {
    this.#tell({ kind: 'loss', loss });
  }

  #tell(observation: Observation): void {
    const schedule = looking(this.schedule);
    if (schedule) this.#state = schedule.next(this.#state, observation);
  }
}
