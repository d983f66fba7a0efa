/** The errors of training, by name; each says what happened, where, and what to do. */

/** A parameter got a second gradient after it was updated at once. */
export class SharedParameterError extends Error {
  override readonly name = 'SharedParameterError';
  constructor(parameter: string) {
    super(
      `Parameter ${parameter} got a second gradient in one backward pass after it had been updated; it is shared by ` +
        `layers in a way the first pass did not show. Use update 'collect'.`,
    );
  }
}

/** The loss (or the gradient's norm, or a run's check) is not finite. */
export class NonFiniteLossError extends Error {
  override readonly name = 'NonFiniteLossError';
  constructor(
    readonly what: string,
    readonly value: number,
    /** 1-based. */
    readonly step: number,
    readonly ids: readonly string[],
    readonly lastCheckpoint: { readonly path: string; readonly step: number } | undefined,
  ) {
    super(
      `The ${what} is ${value} at step ${step} (batch: ${list(ids)}). ` +
        `${lastCheckpoint ? `The last good checkpoint is ${lastCheckpoint.path} (step ${lastCheckpoint.step}).` : 'There is no checkpoint yet.'} ` +
        'Lower the learning rate, clip gradients, or look at these samples.',
    );
  }
}

/** A step failed; `cause` says why. */
export class StepFailedError extends Error {
  override readonly name = 'StepFailedError';
  constructor(
    readonly step: number,
    readonly ids: readonly string[],
    cause: unknown,
  ) {
    super(`Step ${step} failed (batch: ${list(ids)}): ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

/** The training data gave no batch. */
export class EmptyDataError extends Error {
  override readonly name = 'EmptyDataError';
  constructor(epoch: number) {
    super(`Epoch ${epoch} of the training data has no batch; check that the data set has samples that can be read.`);
  }
}

/** At most eight names, then how many more. */
function list(ids: readonly string[]): string {
  return ids.length <= 8 ? ids.join(', ') : `${ids.slice(0, 8).join(', ')} and ${ids.length - 8} more`;
}
