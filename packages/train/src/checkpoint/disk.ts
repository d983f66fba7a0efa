/**
 * A checkpoint on the disk: temporary file, fsync, rename, fsync of the folder. A process that is killed at any moment leaves the old
 * file or the new one, whole. Node only.
 */
import { access, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Storage, StoredFile } from './storage.ts';

/** Makes the rename last through a power failure, where the file system can. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  try {
    // Some file systems refuse to sync a folder; the file itself is synced.
    await handle?.sync().catch(() => {});
  } finally {
    await handle?.close();
  }
}

async function writeWhole(path: string, folder: string, chunks: AsyncIterable<Uint8Array>): Promise<number> {
  // One name, so that what a killed process left is overwritten and never piles up.
  const temporary = `${path}.tmp`;
  try {
    const handle = await open(temporary, 'w');
    let bytes = 0;
    try {
      for await (const chunk of chunks) {
        await handle.writeFile(chunk);
        bytes += chunk.length;
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    await syncFolder(folder);
    return bytes;
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

async function openFile(path: string): Promise<StoredFile> {
  const handle = await open(path, 'r');
  const { size } = await handle.stat().catch(async (error: unknown) => {
    await handle.close();
    throw error;
  });
  return {
    bytes: size,
    async read(offset, bytes) {
      const buffer = new Uint8Array(new ArrayBuffer(bytes));
      let done = 0;
      while (done < bytes) {
        const { bytesRead } = await handle.read(buffer, done, bytes - done, offset + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      return buffer.subarray(0, done);
    },
    close: () => handle.close(),
  };
}

export function diskStorage(folder: string, name: string): Storage {
  const path = join(folder, name);
  return {
    path,
    exists: () =>
      access(path).then(
        () => true,
        () => false,
      ),
    async tryOut() {
      await mkdir(folder, { recursive: true });
      const trial = `${path}.trial`;
      await (await open(trial, 'w')).close();
      await rm(trial);
    },
    replace: (chunks) => writeWhole(path, folder, chunks),
    open: () => openFile(path),
  };
}
