/** Where a checkpoint's bytes are: one file in a folder, replaced whole or not at all. */

import type { ModelFolder } from '@dr2net/models';

/** The file, open for reading. */
export interface StoredFile {
  readonly bytes: number;
  /** Fewer bytes than asked for where the file ends. */
  read(offset: number, bytes: number): Promise<Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
}

export interface Storage {
  /** The file, for messages. */
  readonly path: string;
  exists(): Promise<boolean>;
  /** Writes a little beside the file and removes it: told now, not after an hour of training. */
  tryOut(): Promise<void>;
  /** @returns its bytes */
  replace(chunks: AsyncIterable<Uint8Array>): Promise<number>;
  open(): Promise<StoredFile>;
}

/** Of a folder: a path in Node (made when it is absent), or the handle of a browser's. */
export async function storageOf(folder: ModelFolder, name: string): Promise<Storage> {
  if (typeof folder !== 'string') return (await import('./handle.ts')).handleStorage(folder, name);
  return (await import('#disk')).diskStorage(folder, name);
}
