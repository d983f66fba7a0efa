/** What can be wrong with an image, or with a data set as a whole. One box's faults are `BadAnnotationError`. */

/** The data set as a whole cannot be used: it is empty, its layout is not understood, a split or a class is not there. */
export class DetectionDatasetError extends Error {
  override readonly name = 'DetectionDatasetError';
}

/** A split that the data set does not have. */
export class UnknownSplitError extends DetectionDatasetError {}

/** Why an image cannot be used. */
export type BadImageReason = 'missing' | 'unreadable' | 'truncated' | 'format' | 'size';

/** One image is broken, or is not the one that was annotated; it is skipped or refused, as the user chose. */
export class BadImageError extends Error {
  override readonly name = 'BadImageError';
  constructor(
    readonly image: string,
    readonly reason: BadImageReason,
    detail: string,
    options?: ErrorOptions,
  ) {
    super(`${image}: ${detail}`, options);
  }
}

/** There is nothing on this machine that decodes images; no image's fault, so none is skipped for it. */
export class NoDecoderError extends Error {
  override readonly name = 'NoDecoderError';
}
