/** A labelled clip and a set of them. */

/** Where a clip's bytes are: a path (Node), a URL, or a file that the user chose (browser). */
export type ClipFile = string | URL | Blob;

/** What a reader needs of a clip: a file, and a part of it when it is not the whole. */
export interface ClipSpan {
  /** Unique in its data set; what messages, batches and random seeds call the clip. */
  readonly id: string;
  readonly file: ClipFile;
  /** Seconds from the file's first frame; the clip has the frames with start ≤ time < end. */
  readonly start?: number;
  readonly end?: number;
}

export interface Clip extends ClipSpan {
  /** Index into the data set's labels. */
  readonly label: number;
}

/** Labelled clips. */
export interface ClipDataset {
  readonly clips: readonly Clip[];
  /** Names of the classes; a clip's label is an index into them. */
  readonly labels: readonly string[];
}
