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

/** The learning rate over training. */
export interface LearningRateSchedule extends Schedule<number> {}

/** An option of a schedule is out of range, missing or unknown. The message names it, its value, and what it may be. */
export class ScheduleError extends Error {
  override readonly name = 'ScheduleError';
}
