/** A checkpoint as one safetensors file, so that one replacement puts all of it in place. */
import { encodeSafetensors, type TensorSource } from '@dr2net/models';
import { CheckpointFormatError } from './errors.ts';
import type { Storage, StoredFile } from './storage.ts';

export interface Entry {
  readonly shape: readonly number[];
  /** First byte in the file, and bytes. */
  readonly offset: number;
  readonly bytes: number;
}

const size = (shape: readonly number[]) => shape.reduce((product, side) => product * side, 1);

/** Writes the file whole or not at all. @returns its bytes */
export function writeCheckpoint(
  storage: Storage,
  metadata: Readonly<Record<string, string>>,
  tensors: readonly TensorSource[],
): Promise<number> {
  return storage.replace(encodeSafetensors(tensors, metadata));
}

/** An open checkpoint. */
export interface CheckpointFile {
  readonly metadata: Readonly<Record<string, string>>;
  readonly entries: ReadonlyMap<string, Entry>;
  read(name: string): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Opens and checks a checkpoint. Throws {@link CheckpointFormatError} for what is none, or is not whole. */
export async function openCheckpoint(storage: Storage): Promise<CheckpointFile> {
  const { path } = storage;
  const file = await storage.open();
  try {
    const { metadata, entries } = await readHeader(file, path);
    return {
      metadata,
      entries,
      read: async (name) => {
        const entry = entries.get(name);
        if (!entry) throw new CheckpointFormatError(path, `it has no tensor ${name}`);
        const { buffer, byteOffset } = await readAt(file, path, entry.offset, entry.bytes);
        return new Float32Array(buffer, byteOffset, entry.bytes / 4);
      },
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function readHeader(file: StoredFile, path: string): Promise<Pick<CheckpointFile, 'metadata' | 'entries'>> {
  const { bytes: fileBytes } = file;
  const length =
    fileBytes < 8 ? -1 : Number(new DataView((await readAt(file, path, 0, 8)).buffer).getBigUint64(0, true));
  if (length < 2 || 8 + length > fileBytes) throw new CheckpointFormatError(path, 'it has no safetensors header');
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder().decode(await readAt(file, path, 8, length)));
  } catch (error) {
    if (error instanceof CheckpointFormatError) throw error;
    throw new CheckpointFormatError(path, 'its header is not JSON');
  }
  if (!isRecord(header)) throw new CheckpointFormatError(path, 'its header is no list of tensors');
  const { __metadata__: metadata = {}, ...tensors } = header;
  if (!isRecord(metadata)) throw new CheckpointFormatError(path, 'its metadata is no list of texts');
  const entries = new Map<string, Entry>();
  for (const [name, described] of Object.entries(tensors)) {
    if (!isTensor(described)) throw new CheckpointFormatError(path, `tensor ${name} is not described as float32`);
    const { shape, data_offsets } = described;
    const [begin, end] = data_offsets;
    if (begin < 0 || end - begin !== size(shape) * 4 || 8 + length + end > fileBytes)
      throw new CheckpointFormatError(path, `tensor ${name} is not whole`);
    entries.set(name, { shape, offset: 8 + length + begin, bytes: end - begin });
  }
  return { metadata: metadata as Record<string, string>, entries };
}

interface Described {
  readonly dtype: 'F32';
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const wholeNumbers = (list: unknown): list is number[] => Array.isArray(list) && list.every(Number.isSafeInteger);

function isTensor(described: unknown): described is Described {
  if (!isRecord(described)) return false;
  const { dtype, shape, data_offsets: offsets } = described;
  return dtype === 'F32' && wholeNumbers(shape) && wholeNumbers(offsets) && offsets.length === 2;
}

async function readAt(file: StoredFile, path: string, offset: number, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const read = await file.read(offset, bytes);
  if (read.length < bytes) throw new CheckpointFormatError(path, `it ends at byte ${offset + read.length}`);
  return read;
}
