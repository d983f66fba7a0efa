/** Writes a safetensors file as a stream of chunks: the header first, then one tensor at a time. */
import { ConfigError } from '../errors.ts';

/** A tensor to be written; `read` is called when its turn comes, so that only one is held at a time. */
export interface TensorSource {
  readonly key: string;
  readonly shape: readonly number[];
  /** `I64`: the numbers that `read` gives are whole, and written as such (a count of steps). Default `F32`. */
  readonly dtype?: 'F32' | 'I64';
  read(): Promise<Float32Array> | Float32Array;
}

const widths = { F32: 4, I64: 8 } as const;
const widthOf = ({ dtype = 'F32' }: TensorSource) => widths[dtype];

const sizeOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

/** 8 bytes of length and the JSON, padded with spaces to a multiple of 8 as the format's own writer does. */
function encodeHeader(tensors: readonly TensorSource[], metadata: Readonly<Record<string, string>>): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const source of tensors) {
    const { key, shape, dtype = 'F32' } = source;
    if (key in header) throw new ConfigError(`Two tensors have the key ${key}; a key can be written once.`);
    const end = offset + widthOf(source) * sizeOf(shape);
    header[key] = { dtype, shape, data_offsets: [offset, end] };
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
 * The file in chunks, keys in alphabetical order, those of eight bytes a number first, so that all are aligned. In a browser: `new Blob(await Array.fromAsync(chunks))`.
 * @param metadata the header's own entry; by default what transformers writes
 */
export async function* encodeSafetensors(
  tensors: Iterable<TensorSource>,
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): AsyncGenerator<Uint8Array> {
  const sorted = [...tensors].sort((a, b) => widthOf(b) - widthOf(a) || (a.key < b.key ? -1 : 1));
  yield encodeHeader(sorted, metadata);
  for (const source of sorted) {
    const { key, shape, dtype } = source;
    const values = await source.read();
    if (values.length !== sizeOf(shape))
      throw new ConfigError(
        `Tensor ${key} has ${values.length} values where its shape [${shape}] needs ${sizeOf(shape)}.`,
      );
    const { buffer, byteOffset, byteLength } = dtype === 'I64' ? BigInt64Array.from(values, BigInt) : values;
    yield new Uint8Array(buffer, byteOffset, byteLength);
  }
}
