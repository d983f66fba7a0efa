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

/** Where a run was when something went wrong. */
export interface StepPlace {
  /** 1-based. */
  readonly step: number;
  /** The samples of the step. */
  readonly ids: readonly string[];
  readonly lastCheckpoint: { readonly path: string; readonly step: number } | undefined;
}

/** The loss, or the norm of the gradients, is not finite. */
export class NonFiniteLossError extends Error implements StepPlace {
  override readonly name = 'NonFiniteLossError';
  readonly step: number;
  readonly ids: readonly string[];
  readonly lastCheckpoint: StepPlace['lastCheckpoint'];
  constructor(
    readonly what: string,
    readonly value: number,
    place: StepPlace,
  ) {
    super(
      `The ${what} is ${value} at step ${place.step} (batch: ${list(place.ids)}). ${lastGood(place)} ` +
        'Lower the learning rate, clip gradients, or look at these samples.',
    );
    ({ step: this.step, ids: this.ids, lastCheckpoint: this.lastCheckpoint } = place);
  }
}

/** A step failed; `cause` says why. */
export class StepFailedError extends Error implements StepPlace {
  override readonly name = 'StepFailedError';
  readonly step: number;
  readonly ids: readonly string[];
  readonly lastCheckpoint: StepPlace['lastCheckpoint'];
  constructor(place: StepPlace, cause: unknown) {
    const reason = (cause instanceof Error ? cause.message : String(cause)).replace(/\.?\s*$/, '.');
    const batch = place.ids.length > 0 ? ` (batch: ${list(place.ids)})` : '';
    super(`Step ${place.step} failed${batch}: ${reason} ${lastGood(place)}`, { cause });
    ({ step: this.step, ids: this.ids, lastCheckpoint: this.lastCheckpoint } = place);
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

function lastGood({ lastCheckpoint }: StepPlace): string {
  return lastCheckpoint
    ? `The last good checkpoint is ${lastCheckpoint.path} (step ${lastCheckpoint.step}).`
    : 'There is no checkpoint yet.';
}
