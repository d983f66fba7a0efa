/** Schedules: pure functions of the step, that a checkpoint can hold. */

/** What one step trains with. */
export interface SchedulePoint {
  /** Scales the pretrained residual. */
  readonly alpha: number;
  /** Scales the added residual. 0 only while warming up and for the pretrained network (1, 0). */
  readonly beta: number;
  /** Only the head learns. */
  readonly frozen: boolean;
}

/** A schedule's options as JSON, with its name: what `fromJSON` takes. */
export type ScheduleJSON = { readonly name: string } & Readonly<Record<string, unknown>>;

interface Schedule<Value> {
  readonly name: string;
  /**
   * @param step 0 … total − 1; later steps give what the run ends with
   * @param total steps of the run
   * @param epochSteps steps of one epoch; needed where the schedule counts epochs
   */
  at(step: number, total: number, epochSteps?: number): Value;
  toJSON(): ScheduleJSON;
}

/** α and β over training. */
export interface CoefficientSchedule extends Schedule<SchedulePoint> {}

/** When a schedule is asked. */
export interface Clock {
  /** 0 … total − 1. */
  readonly step: number;
  readonly total: number;
  readonly epochSteps?: number;
}

/** Whether the gradients at these coefficients are predicted to be within the run's tolerance. */
export type Trust = (point: SchedulePoint) => boolean;

/** What a schedule that looks is told. */
export type Observation =
  /** After a step: its mean training loss. */
  | { readonly kind: 'loss'; readonly loss: number }
  /**
   * Before a step, the answer to `propose`: ‖y′ − y‖₂/‖y‖₂ of the network's output on the step's batch, y′ at the proposed coefficients and
   * y at those of now.
   */
  | { readonly kind: 'change'; readonly change: number; readonly clock: Clock; readonly trust: Trust };

/**
 * A schedule whose next coefficients follow from what was measured. All that it has learned is in its state, plain JSON that goes into
 * checkpoints: the same state and the same observations give the same coefficients.
 */
export interface LookingSchedule<State> extends CoefficientSchedule {
  /** The state before the first step. */
  begin(trust: Trust): State;
  /** In a state; without one, the slowest course that it would take. */
  at(step: number, total: number, epochSteps?: number, state?: State): SchedulePoint;
  /** Where it would go before this step, for the loop to measure; undefined where it does not look now. */
  propose(state: State, clock: Clock): SchedulePoint | undefined;
  /** The next state. Pure. */
  next(state: State, observation: Observation): State;
}

/** The learning rate over training. */
export interface LearningRateSchedule extends Schedule<number> {}

/** An option of a schedule is out of range, missing or unknown. The message names it, its value, and what it may be. */
export class ScheduleError extends Error {
  override readonly name = 'ScheduleError';
}
