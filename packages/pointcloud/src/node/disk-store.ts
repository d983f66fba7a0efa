/** Clouds kept in a folder, for later runs. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeCloud, encodeCloud } from '../store/format.ts';
import type { CloudStore } from '../store/store.ts';

const extension = '.cloud';

async function folderBytes(folder: string): Promise<number> {
  const files = (await readdir(folder)).filter((name) => name.endsWith(extension));
  const sizes = await Promise.all(files.map((name) => stat(join(folder, name)).then((found) => found.size)));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/**
 * Keeps clouds in `folder` (made when needed) until it holds `maxBytes`; delete the folder to empty it. A file that is not
 * whole is as good as absent. A disk that is full keeps no more, and stops nothing; a folder that cannot be made is an error
 * of the first cloud.
 */
export function cloudDiskStore(folder: string, maxBytes = 20 * 2 ** 30): CloudStore {
  let used: Promise<number> | undefined;
  let full = false;
  const path = (key: string) => join(folder, createHash('sha256').update(key).digest('hex').slice(0, 40) + extension);
  const ready = async () => {
    try {
      await mkdir(folder, { recursive: true });
      return await folderBytes(folder);
    } catch (error) {
      const reason = error instanceof Error ? error.message : error;
      throw new Error(`${folder} cannot hold clouds (${reason}). Choose another cache folder, or none.`, {
        cause: error,
      });
    }
  };
  return {
    async get(key) {
      const bytes = await readFile(path(key)).catch(() => undefined);
      return bytes && decodeCloud(bytes);
    },
    async put(key, cloud) {
      used ??= ready();
      const before = await used;
      const bytes = encodeCloud(cloud);
      if (full || before + bytes.length > maxBytes) return;
      const temporary = join(folder, `${randomUUID()}.part`);
      try {
        await writeFile(temporary, bytes);
        await rename(temporary, path(key));
        used = used.then((sum) => sum + bytes.length);
      } catch {
        full = true;
        await rm(temporary, { force: true });
      }
    },
  };
}
