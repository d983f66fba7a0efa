/** Writes files into a folder so that a reader sees each of them whole or not at all. */
import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ModelSourceError } from '../errors.ts';
import type { FileContent } from '../files/model-files.ts';

async function writeWhole(path: string, chunks: FileContent['chunks']): Promise<void> {
  const handle = await open(path, 'w');
  try {
    for await (const chunk of chunks) await handle.writeFile(chunk);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes the renames last through a power failure, where the file system can. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => null);
  try {
    await handle?.sync();
  } catch {
    // Some file systems refuse to sync a folder; the files themselves are synced.
  } finally {
    await handle?.close();
  }
}

/**
 * Writes all files under temporary names, syncs them, then renames them in the given order. When writing fails, the
 * folder's earlier files are untouched and the temporary ones are removed.
 * Throws {@link ModelSourceError} when the folder cannot be made or written.
 */
export async function writeFolder(folder: string, files: readonly FileContent[]): Promise<void> {
  const temporary = files.map(({ file }) => join(folder, `.${file}.${randomUUID()}.tmp`));
  try {
    await mkdir(folder, { recursive: true });
    for (const [i, { chunks }] of files.entries()) await writeWhole(temporary[i]!, chunks);
    for (const [i, { file }] of files.entries()) await rename(temporary[i]!, join(folder, file));
    await syncFolder(folder);
  } catch (error) {
    await Promise.all(temporary.map((path) => rm(path, { force: true }).catch(() => {})));
    if (error instanceof Error && 'code' in error)
      throw new ModelSourceError(`${folder} cannot be written: ${error.message}. What it held before is unchanged.`, {
        cause: error,
      });
    throw error;
  }
}
