/** What the loop asks of schedules; `@dr2net/schedulers` has them, anything of this form will do. */
import type { Coefficients } from '@dr2net/core';

/** What one step trains with. */
export type SchedulePoint = Coefficients & { readonly frozen?: boolean };

/** α and β over training: a pure function of the step. */
export interface CoefficientSchedule {
  /**
   * @param step 0 … total − 1
   * @param total steps of the run
   * @param epochSteps steps of one epoch
   */
  at(step: number, total: number, epochSteps: number): SchedulePoint;
  /** Goes into checkpoints, to tell whether a run goes on with another schedule. */
  toJSON?(): unknown;
}

/** When a schedule is asked. */
export interface Clock {
  readonly step: number;
  readonly total: number;
  readonly epochSteps: number;
}

/** Whether the gradients at these coefficients are predicted to be within the run's tolerance. */
export type Trust = (point: Coefficients) => boolean;

/** What the loop tells a schedule that looks. */
export type Observation =
  /** After a step: its mean training loss. */
  | { readonly kind: 'loss'; readonly loss: number }
  /** Before a step: ‖y′ − y‖₂/‖y‖₂ of the output on its first batch, y′ at the proposed coefficients, y at those of now. */
  | { readonly kind: 'change'; readonly change: number; readonly clock: Clock; readonly trust: Trust };

/** A schedule whose next coefficients follow from what was measured, by a pure function from state to state. */
export interface LookingSchedule<State = unknown> extends CoefficientSchedule {
  begin(trust: Trust): State;
  /** In a state; without one, the slowest course. */
  at(step: number, total: number, epochSteps: number, state?: State): SchedulePoint;
  /** Coefficients to measure before this step, or nothing. */
  propose(state: State, clock: Clock): SchedulePoint | undefined;
  next(state: State, observation: Observation): State;
}

/** Learning rate over training: a pure function of the step. */
export interface LearningRateSchedule {
  at(step: number, total: number, epochSteps: number): number;
  toJSON?(): unknown;
}
