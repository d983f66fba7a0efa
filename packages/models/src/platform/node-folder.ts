/** A model in a folder on disk, read by positioned reads. */
import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CheckpointError, ModelSourceError } from '../errors.ts';
import type { ByteReader, ModelFiles } from '../files/model-files.ts';

function toPath(source: string): string {
  return source.startsWith('file:') ? fileURLToPath(source) : source;
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

/** Runs a file operation; null when the file is absent, a {@link ModelSourceError} when it cannot be read. */
async function orAbsent<T>(path: string, operation: () => Promise<T>): Promise<T | null> {
  try {
    return await operation();
  } catch (error) {
    if (isAbsent(error)) return null;
    throw new ModelSourceError(`${path} cannot be read: ${error instanceof Error ? error.message : error}.`, {
      cause: error,
    });
  }
}

/** Whether the path is a folder. Throws {@link ModelSourceError} when it is a file or cannot be looked at. */
export async function folderExists(source: string): Promise<boolean> {
  const path = toPath(source);
  const found = await orAbsent(path, () => stat(path));
  if (!found) return false;
  if (!found.isDirectory())
    throw new ModelSourceError(
      `${path} is a file; give the folder that holds config.json and model.safetensors instead.`,
    );
  return true;
}

function positionedReader(path: string, handle: FileHandle, size: number, offset: number): ByteReader {
  let position = offset;
  return {
    size,
    read: async (bytes) => {
      const buffer = new Uint8Array(bytes);
      for (let done = 0; done < bytes; ) {
        const { bytesRead } = await handle.read(buffer, done, bytes - done, position);
        if (bytesRead === 0)
          throw new CheckpointError(`${path} is truncated: ${bytes - done} bytes are missing at byte ${position}.`);
        done += bytesRead;
        position += bytesRead;
      }
      return buffer;
    },
    skip: async (bytes) => {
      position += bytes;
    },
    close: () => handle.close(),
  };
}

export function folderFiles(source: string): ModelFiles {
  const folder = toPath(source);
  return {
    name: folder,
    text: (file) => orAbsent(join(folder, file), () => readFile(join(folder, file), 'utf8')),
    open: async (file, offset = 0) => {
      const path = join(folder, file);
      const handle = await orAbsent(path, () => open(path));
      if (!handle) return null;
      return positionedReader(path, handle, (await handle.stat()).size, offset);
    },
  };
}
