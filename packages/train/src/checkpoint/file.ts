/**
 * A checkpoint as one safetensors file, so that one rename puts all of it in place: temporary file, fsync, rename, fsync
 * of the folder. A process that is killed at any moment leaves the old file or the new one, whole. Node only.
 */
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { encodeSafetensors, type TensorSource } from '@dr2net/models';
import { CheckpointFormatError } from './errors.ts';

export interface Entry {
  readonly shape: readonly number[];
  /** First byte in the file, and bytes. */
  readonly offset: number;
  readonly bytes: number;
}

const size = (shape: readonly number[]) => shape.reduce((product, side) => product * side, 1);

/** Writes the file whole or not at all. @returns its bytes */
export async function writeCheckpoint(
  path: string,
  metadata: Readonly<Record<string, string>>,
  tensors: readonly TensorSource[],
): Promise<number> {
  // One name, so that what a killed process left is overwritten and never piles up.
  const temporary = `${path}.tmp`;
  try {
    const handle = await open(temporary, 'w');
    let bytes = 0;
    try {
      for await (const chunk of encodeSafetensors(tensors, metadata)) {
        await handle.writeFile(chunk);
        bytes += chunk.length;
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
    return bytes;
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

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

/** An open checkpoint. */
export interface CheckpointFile {
  readonly metadata: Readonly<Record<string, string>>;
  readonly entries: ReadonlyMap<string, Entry>;
  read(name: string): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Opens and checks a checkpoint. Throws {@link CheckpointFormatError} for what is none, or is not whole. */
export async function openCheckpoint(path: string): Promise<CheckpointFile> {
  const handle = await open(path, 'r');
  try {
    const { metadata, entries } = await readHeader(handle, path);
    return {
      metadata,
      entries,
      read: async (name) => {
        const entry = entries.get(name);
        if (!entry) throw new CheckpointFormatError(path, `it has no tensor ${name}`);
        const bytes = await readAt(handle, path, entry.offset, entry.bytes);
        return new Float32Array(bytes.buffer, bytes.byteOffset, entry.bytes / 4);
      },
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function readHeader(handle: FileHandle, path: string): Promise<Pick<CheckpointFile, 'metadata' | 'entries'>> {
  const fileBytes = (await handle.stat()).size;
  const length = fileBytes < 8 ? -1 : Number((await readAt(handle, path, 0, 8)).readBigUInt64LE());
  if (length < 2 || 8 + length > fileBytes) throw new CheckpointFormatError(path, 'it has no safetensors header');
  let header: Record<string, { shape: number[]; data_offsets: [number, number] }> & {
    __metadata__?: Record<string, string>;
  };
  try {
    header = JSON.parse((await readAt(handle, path, 8, length)).toString('utf8'));
  } catch (error) {
    if (error instanceof CheckpointFormatError) throw error;
    throw new CheckpointFormatError(path, 'its header is not JSON');
  }
  const { __metadata__: metadata = {}, ...tensors } = header;
  const entries = new Map<string, Entry>();
  for (const [name, { shape, data_offsets }] of Object.entries(tensors)) {
    const [begin, end] = data_offsets;
    if (end - begin !== size(shape) * 4 || 8 + length + end > fileBytes)
      throw new CheckpointFormatError(path, `tensor ${name} is not whole`);
    entries.set(name, { shape, offset: 8 + length + begin, bytes: end - begin });
  }
  return { metadata, entries };
}

async function readAt(handle: FileHandle, path: string, offset: number, bytes: number): Promise<Buffer> {
  // Of its own memory: a slice of Node's pool would not be aligned for float32.
  const buffer = Buffer.from(new ArrayBuffer(bytes));
  for (let done = 0; done < bytes; ) {
    const { bytesRead } = await handle.read(buffer, done, bytes - done, offset + done);
    if (bytesRead === 0) throw new CheckpointFormatError(path, `it ends at byte ${offset + done}`);
    done += bytesRead;
  }
  return buffer;
}
