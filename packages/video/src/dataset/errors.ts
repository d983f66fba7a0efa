/** What can be wrong with a data set, or with one clip of it. */

/** The data set as a whole cannot be used: it is empty, a label is unknown, a class is too small to be split. */
export class DatasetError extends Error {
  override readonly name = 'DatasetError';
}

/** Thrown for a label that is not in the given list. */
export class UnknownLabelError extends DatasetError {
  constructor(label: string, clip: string, labels: readonly string[], nearest: string | undefined) {
    const known =
      labels.length <= 12 ? `; known labels: ${labels.join(', ')}` : ` among the ${labels.length} known ones`;
    super(
      `${clip}: label "${label}" is not in the list${nearest ? `; did you mean "${nearest}"?` : known} ` +
        'Correct the label, add it to the list, or leave its class out (exclude).',
    );
  }
}

/** Why a clip cannot be used. */
export type BadClipReason = 'missing' | 'empty' | 'unreadable' | 'one-frame' | 'truncated';

/** One clip is broken; it is skipped or the run is refused, as the user chose. */
export class BadClipError extends Error {
  override readonly name = 'BadClipError';
  constructor(
    readonly clip: string,
    readonly reason: BadClipReason,
    detail: string,
    options?: ErrorOptions,
  ) {
    super(`${clip}: ${detail}`, options);
  }
}

/** There is nothing on this machine that decodes such a file; no clip's fault, so it is never skipped. */
export class NoDecoderError extends Error {
  override readonly name = 'NoDecoderError';
}
