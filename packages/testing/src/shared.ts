/** The reference tensors, weights and data that lie beside the repository in `../shared`, where they are present. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import type { Reference } from './close.ts';
import { root } from './root.ts';

/** The shared folder: `DR2NET_SHARED`, or `../shared` beside the repository. */
export const sharedFolder = process.env.DR2NET_SHARED ?? join(root, '..', 'shared');

/**
 * The path of something in the shared folder, or undefined (and a printed line that says what is skipped) where it is
 * absent: `describe.skipIf(!sharedPath('reference/videomae'))`.
 */
export function sharedPath(relative: string): string | undefined {
  const path = join(sharedFolder, relative);
  if (existsSync(path)) return path;
  console.warn(`SKIPPED: ${relative} is not in ${sharedFolder}; set DR2NET_SHARED to the folder that holds it.`);
  return undefined;
}

export interface ReferenceTensor extends Reference {
  readonly dtype: string;
}

const readers: Record<string, (buffer: ArrayBuffer) => ArrayLike<number>> = {
  F32: (buffer) => new Float32Array(buffer),
  F64: (buffer) => new Float64Array(buffer),
  I32: (buffer) => new Int32Array(buffer),
  U8: (buffer) => new Uint8Array(buffer),
  I64: (buffer) => Array.from(new BigInt64Array(buffer), Number),
};

/** A small, separate reader of safetensors files, so that tests don't check the product's reader with itself. */
export function readReference(path: string): Map<string, ReferenceTensor> {
  const file = readFileSync(path);
  const headerLength = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString('utf8', 8, 8 + headerLength)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const tensors = new Map<string, ReferenceTensor>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const [from, to] = entry.data_offsets;
    const bytes = file.subarray(8 + headerLength + from, 8 + headerLength + to);
    const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    const read = readers[entry.dtype];
    if (read) tensors.set(name, { shape: entry.shape, dtype: entry.dtype, data: read(buffer) });
  }
  return tensors;
}

/** A reference as a tensor of the engine. */
export function toTensor(reference: ReferenceTensor): Tensor {
  const dtype = reference.dtype.startsWith('I') || reference.dtype === 'U8' ? 'int32' : 'float32';
  return tensor(Array.from(reference.data), [...reference.shape], dtype);
}
