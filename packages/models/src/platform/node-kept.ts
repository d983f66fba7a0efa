/** Files kept in a folder by key: what the disk stores of clips and of clouds have in common. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface KeptFilesOptions {
  /** Of the files, with the dot; other files in the folder are not counted. */
  readonly extension: string;
  readonly maxBytes: number;
  /** What the folder is to hold, for the message where it cannot be made: `decoded clips`. */
  readonly what: string;
}

export interface KeptFiles {
  /** Where the file of a key is, or would be. */
  path(key: string): string;
  /** Keeps a file, unless the folder is full. */
  put(key: string, chunks: readonly Uint8Array[]): Promise<void>;
}

async function folderBytes(folder: string, extension: string): Promise<number> {
  const files = (await readdir(folder)).filter((name) => name.endsWith(extension));
  const sizes = await Promise.all(files.map((name) => stat(join(folder, name)).then((found) => found.size)));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/**
 * Keeps files in `folder` (made when needed) until it holds `maxBytes`; nothing is evicted: an epoch visits everything once, and
 * evicting the oldest would then never hit. A file appears under its name when it is whole. A disk that is full keeps no more, and
 * stops nothing; a folder that cannot be made is an error of the first file.
 */
export function keptFiles(folder: string, { extension, maxBytes, what }: KeptFilesOptions): KeptFiles {
  let used: Promise<number> | undefined;
  let full = false;
  const path = (key: string) => join(folder, createHash('sha256').update(key).digest('hex').slice(0, 40) + extension);
  const ready = async () => {
    try {
      await mkdir(folder, { recursive: true });
      return await folderBytes(folder, extension);
    } catch (error) {
      const reason = error instanceof Error ? error.message : error;
      throw new Error(`${folder} cannot hold ${what} (${reason}). Choose another cache folder, or none.`, {
        cause: error,
      });
    }
  };
  return {
    path,
    async put(key, chunks) {
      used ??= ready();
      const before = await used;
      const bytes = chunks.reduce((sum, { length }) => sum + length, 0);
      if (full || before + bytes > maxBytes) return;
      const temporary = join(folder, `${randomUUID()}.part`);
      try {
        await writeFile(temporary, chunks);
        await rename(temporary, path(key));
        used = used.then((sum) => sum + bytes);
      } catch {
        full = true;
        await rm(temporary, { force: true });
      }
    },
  };
}
