/** What can be wrong with a cloud, or with a data set of clouds. */

/** Why a cloud cannot be used. */
export type BadCloudReason =
  | 'missing'
  | 'unreadable'
  | 'truncated'
  | 'empty'
  | 'columns'
  | 'not-finite'
  | 'duplicates'
  | 'labels'
  | 'too-few';

/** One cloud is broken; the message names the file, the line or the point, and the remedy. */
export class BadCloudError extends Error {
  override readonly name = 'BadCloudError';
  constructor(
    readonly cloud: string,
    readonly reason: BadCloudReason,
    detail: string,
    options?: ErrorOptions,
  ) {
    super(`${cloud}: ${detail}`, options);
  }
}

/** A file has fewer points than it announces; `found` is the first that is not whole. */
export const endsEarly = (cloud: string, announced: number, found: number) =>
  new BadCloudError(
    cloud,
    'truncated',
    `it announces ${announced} points, but ends in point ${found}. It is truncated: copy it again.`,
  );

/** The data set as a whole cannot be used: it is empty, its areas disagree about the classes, a split names no scene. */
export class CloudDatasetError extends Error {
  override readonly name = 'CloudDatasetError';
}
