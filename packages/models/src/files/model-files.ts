/** Where a model's files are read from: a folder, a URL, a cache. */

/** Reads a file from front to back. */
export interface ByteReader {
  /** Bytes of the whole file, where it is known. */
  readonly size: number | undefined;
  /** The next `bytes` bytes, in a buffer of their own. Throws {@link CheckpointError} when the file ends before. */
  read(bytes: number): Promise<Uint8Array>;
  /** Passes over the next `bytes` bytes. */
  skip(bytes: number): Promise<void>;
  close(): Promise<void>;
}

/** A file to be written. */
export interface FileContent {
  readonly file: string;
  readonly chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

export interface ModelFiles {
  /** For messages: the folder or the address. */
  readonly name: string;
  /** The whole of a small text file; null when there is none. */
  text(file: string): Promise<string | null>;
  /** Opens a file at an offset in bytes; null when there is none. */
  open(file: string, offset?: number): Promise<ByteReader | null>;
}
