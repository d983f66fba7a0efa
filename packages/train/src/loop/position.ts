/** Where a run stands: all that, with the seed, decides what comes next. */
export interface Position {
  /** Optimizer steps done. */
  step: number;
  /** Epochs done. */
  epoch: number;
  /** Batches of the epoch at hand that are done. */
  batch: number;
  /** An evaluation at the end of the last epoch has not been made yet. */
  evaluationDue: boolean;
}
