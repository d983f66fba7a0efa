/** All tensors of one safetensors file, integers too: inputs and labels of a gradient check, not the weights of a model. */
import { folderFiles } from '#platform';
import { ModelSourceError } from '../errors.ts';
import { decodeTensor, type HostTensor } from './decode.ts';
import { readHeader } from './header.ts';

const integers: Readonly<Record<string, (bytes: Uint8Array) => Float32Array>> = {
  U8: (bytes) => Float32Array.from(bytes),
  BOOL: (bytes) => Float32Array.from(bytes),
  I32: (bytes) => Float32Array.from(new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)),
};

/**
 * Reads a file whole. Node only. Integers become float32, so those beyond 2²⁴ are rounded.
 * @throws {ModelSourceError | CheckpointError} there is no such file, or it is no whole safetensors file
 */
export async function readTensorFile(path: string): Promise<Map<string, HostTensor>> {
  const at = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1;
  const reader = await folderFiles(path.slice(0, at) || '.').open(path.slice(at));
  if (!reader) throw new ModelSourceError(`There is no file ${path}.`);
  try {
    const tensors = new Map<string, HostTensor>();
    const { entries, dataStart } = await readHeader(reader, path);
    let position = dataStart;
    for (const { key, dtype, shape, begin, end } of entries) {
      await reader.skip(begin - position);
      const bytes = await reader.read(end - begin);
      tensors.set(key, { shape, data: integers[dtype]?.(bytes) ?? decodeTensor(key, dtype, bytes) });
      position = end;
    }
    return tensors;
  } finally {
    await reader.close();
  }
}
