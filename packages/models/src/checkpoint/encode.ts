/** Writes a safetensors file as a stream of chunks: the header first, then one tensor at a time. */
import { ConfigError } from '../errors.ts';

/** A tensor to be written; `read` is called when its turn comes, so that only one is held at a time. */
export interface TensorSource {
  readonly key: string;
  readonly shape: readonly number[];
  read(): Promise<Float32Array> | Float32Array;
}

const sizeOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

/** 8 bytes of length and the JSON, padded with spaces to a multiple of 8 as the format's own writer does. */
function encodeHeader(tensors: readonly TensorSource[], metadata: Readonly<Record<string, string>>): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const { key, shape } of tensors) {
    if (key in header) throw new ConfigError(`Two tensors have the key ${key}; a key can be written once.`);
    const end = offset + 4 * sizeOf(shape);
    header[key] = { dtype: 'F32', shape, data_offsets: [offset, end] };
    offset = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + padded).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(json, 8);
  return bytes;
}

/**
 * The file in chunks, float32, keys in alphabetical order. In a browser: `new Blob(await Array.fromAsync(chunks))`.
 * @param metadata the header's own entry; by default what transformers writes
 */
export async function* encodeSafetensors(
  tensors: Iterable<TensorSource>,
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): AsyncGenerator<Uint8Array> {
  const sorted = [...tensors].sort((a, b) => (a.key < b.key ? -1 : 1));
  yield encodeHeader(sorted, metadata);
  for (const { key, shape, read } of sorted) {
    const values = await read();
    if (values.length !== sizeOf(shape))
      throw new ConfigError(
        `Tensor ${key} has ${values.length} values where its shape [${shape}] needs ${sizeOf(shape)}.`,
      );
    yield new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  }
}
