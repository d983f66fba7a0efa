/** What the loop asks of schedules; `@dr2net/schedulers` has them, anything of this form will do. */
import type { Coefficients } from '@dr2net/core';

/** α and β over training: a pure function of the step. */
export interface CoefficientSchedule {
  /**
   * @param step 0 … total − 1
   * @param total steps of the run
   * @param epochSteps steps of one epoch
   */
  at(step: number, total: number, epochSteps: number): Coefficients & { readonly frozen?: boolean };
  /** Goes into checkpoints, to tell whether a run goes on with another schedule. */
  toJSON?(): unknown;
}

/** Learning rate over training: a pure function of the step. */
export interface LearningRateSchedule {
  at(step: number, total: number, epochSteps: number): number;
  toJSON?(): unknown;
}
