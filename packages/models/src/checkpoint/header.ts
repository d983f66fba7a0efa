/** The header of a safetensors file: 8 bytes of length, JSON, then raw little-endian data. */
import { CheckpointError } from '../errors.ts';
import type { ByteReader } from '../files/model-files.ts';
import { bytesPerElement } from './decode.ts';

/** Where a tensor lies in its file. */
export interface TensorEntry {
  readonly key: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** First byte and end, counted from the file's beginning. */
  readonly begin: number;
  readonly end: number;
}

/** The format's own limit. */
const largestHeader = 100_000_000;

export interface Header {
  /** In the order of their data. */
  readonly entries: readonly TensorEntry[];
  /** Where the data begin, bytes from the file's beginning; the reader stands there. */
  readonly dataStart: number;
}

/** Reads and checks the header. `what` names the file. */
export async function readHeader(reader: ByteReader, what: string): Promise<Header> {
  const length = headerLength(await reader.read(8), reader.size, what);
  const text = new TextDecoder().decode(await reader.read(length));
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch {
    throw new CheckpointError(
      `${what} has a header that is not JSON: the file is not a safetensors file or is damaged.`,
    );
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header))
    throw new CheckpointError(`${what} has a header that is not an object: the file is damaged.`);
  const start = 8 + length;
  const entries = Object.entries(header)
    .filter(([key]) => key !== '__metadata__')
    .map(([key, value]) => entry(key, value, start, what))
    .sort((a, b) => a.begin - b.begin);
  entries.forEach((e, i) => {
    if (i > 0 && e.begin < entries[i - 1]!.end)
      throw new CheckpointError(
        `${what}, tensor ${e.key}: its data overlap ${entries[i - 1]!.key}'s. The file is damaged.`,
      );
  });
  const end = entries.at(-1)?.end ?? start;
  if (reader.size !== undefined && reader.size < end) {
    const lost = entries.find((e) => e.end > (reader.size ?? 0));
    throw new CheckpointError(
      `${what} is truncated: its header needs ${end} bytes and the file has ${reader.size} (the first tensor that is not whole is ${lost?.key}). Download it again.`,
    );
  }
  return { entries, dataStart: start };
}

function headerLength(bytes: Uint8Array, size: number | undefined, what: string): number {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (length > largestHeader)
    throw new CheckpointError(
      `${what} is not a safetensors file: its first 8 bytes give a header of ${length} bytes (at most ${largestHeader} are allowed).`,
    );
  if (size !== undefined && 8 + length > size)
    throw new CheckpointError(
      `${what} is truncated: its header alone needs ${8 + length} bytes and the file has ${size}. Download it again.`,
    );
  return length;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function entry(key: string, value: unknown, start: number, what: string): TensorEntry {
  const damaged = (why: string) => new CheckpointError(`${what}, tensor ${key}: ${why}. The file is damaged.`);
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Record<string, unknown>;
  if (typeof dtype !== 'string') throw damaged(`dtype ${JSON.stringify(dtype)} is not a name`);
  if (!Array.isArray(shape) || !shape.every(isCount))
    throw damaged(`shape ${JSON.stringify(shape)} is not a list of sizes`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount))
    throw damaged(`data_offsets ${JSON.stringify(offsets)} are not two byte positions`);
  const [from, to] = offsets as [number, number];
  const each = bytesPerElement(dtype);
  const needed = each === undefined ? undefined : shape.reduce((product: number, size: number) => product * size, each);
  if (to < from || (needed !== undefined && to - from !== needed))
    throw damaged(`${to - from} bytes of data where ${dtype} [${shape}] needs ${needed}`);
  return { key, dtype, shape, begin: start + from, end: start + to };
}
