/** What can be wrong with annotated boxes and detections. */

/** One box, mask or field is unusable; the message names where it stands, image and annotation, and the remedy. */
export class BadAnnotationError extends Error {
  override readonly name = 'BadAnnotationError';
  /** @param path where in its file, as `annotations[3].bbox`, with image and annotation where they are known */
  constructor(
    readonly path: string,
    detail: string,
  ) {
    super(`${path}: ${detail}`);
  }
}
