/** The errors of checkpoints. */

/** The folder holds a checkpoint and nobody asked to go on from it. */
export class CheckpointExistsError extends Error {
  override readonly name = 'CheckpointExistsError';
  constructor(readonly path: string) {
    super(`${path} is there already: resume it (checkpoint.resume: true), give another folder, or remove the file.`);
  }
}

/** A checkpoint could not be written; `cause` says why. The one before is untouched. */
export class CheckpointWriteError extends Error {
  override readonly name = 'CheckpointWriteError';
  constructor(path: string, last: { readonly step: number } | undefined, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const before = last
      ? `The checkpoint before it (step ${last.step}) is whole.`
      : 'There is no checkpoint before it.';
    super(`${path} cannot be written: ${reason}. ${before} Make room or give another folder, then resume.`, { cause });
  }
}

const anew = 'begin anew in another folder';

/** The file is no checkpoint, or a damaged one. */
export class CheckpointFormatError extends Error {
  override readonly name = 'CheckpointFormatError';
  constructor(path: string, what: string) {
    super(`${path} cannot be read as a checkpoint: ${what}. Resume a copy that is whole, or ${anew}.`);
  }
}

/** The checkpoint belongs to another model or another kind of run. */
export class CheckpointMismatchError extends Error {
  override readonly name = 'CheckpointMismatchError';
  constructor(path: string, what: string) {
    super(
      `${path} does not fit this run: ${what}. Resume it with the model and the options that it was made with, or ${anew}.`,
    );
  }
}
