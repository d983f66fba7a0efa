/** Where a data set's bytes are, in Node and in the browser alike. */
import { BadImageError } from '../dataset/errors.ts';

/** A path (Node), a URL, or a file that the user chose. */
export type ImageFile = string | URL | Blob;

/** A file under the data set's folder. */
export interface FileEntry {
  /** Relative to the folder, with `/`. */
  readonly path: string;
  readonly file: ImageFile;
}

/**
 * Reads what a platform can open.
 * @param id what messages call the file
 * @param first only so many bytes from the beginning, where the platform can
 * @throws BadImageError where the file cannot be opened
 */
export type ReadFile = (file: ImageFile, id: string, first?: number) => Promise<Uint8Array>;

/** A file that cannot be opened. */
export function missingFile(id: string, cause: unknown, remedy: string): BadImageError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new BadImageError(id, 'missing', `the file cannot be opened (${reason}). ${remedy}`, { cause });
}

/** A `Blob` or `File`. */
export async function readBlob(blob: Blob, id: string, first = blob.size): Promise<Uint8Array> {
  try {
    return new Uint8Array(await blob.slice(0, first).arrayBuffer());
  } catch (error) {
    throw missingFile(id, error, 'Choose it again.');
  }
}

/** A URL, whole. */
export async function readUrl(url: URL, id: string): Promise<Uint8Array> {
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
    return new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    throw missingFile(id, error, `Check the address ${url}.`);
  }
}
