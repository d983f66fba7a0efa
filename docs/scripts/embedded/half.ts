/** A safetensors file in half precision: what a page loads is half as large. Rounded to the nearest, ties to even. */
import { readFileSync, writeFileSync } from 'node:fs';
import { f16round, setFloat16 } from '@petamoriken/float16';

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [from: number, to: number];
}

/** Writes the file's float32 tensors in half precision, in the place of what is there; others stay as they are. */
export function halve(path: string): void {
  const file = readFileSync(path);
  const start = 8 + Number(file.readBigUInt64LE());
  const header = JSON.parse(file.subarray(8, start).toString()) as Record<string, Entry>;
  const parts: Buffer[] = [];
  let offset = 0;
  const written = Object.entries(header).map(([name, entry]) => {
    if (name === '__metadata__') return [name, entry];
    const bytes = file.subarray(start + entry.data_offsets[0], start + entry.data_offsets[1]);
    const part = entry.dtype === 'F32' ? halfOf(bytes) : bytes;
    parts.push(part);
    const from = offset;
    offset += part.length;
    return [name, { ...entry, dtype: entry.dtype === 'F32' ? 'F16' : entry.dtype, data_offsets: [from, offset] }];
  });
  const json = Buffer.from(JSON.stringify(Object.fromEntries(written)));
  const padded = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, ' ');
  padded.writeBigUInt64LE(BigInt(padded.length - 8));
  json.copy(padded, 8);
  writeFileSync(path, Buffer.concat([padded, ...parts]));
}

/** @throws RangeError for what float16 cannot hold */
function halfOf(bytes: Buffer): Buffer {
  const out = Buffer.alloc(bytes.length / 2);
  const halves = new DataView(out.buffer, out.byteOffset);
  for (let i = 0; i < bytes.length / 4; i++) {
    const value = bytes.readFloatLE(4 * i);
    if (!Number.isFinite(f16round(value)))
      throw new RangeError(`${value} is no float16: it must be below 65,520 in size.`);
    setFloat16(halves, 2 * i, value, true);
  }
  return out;
}
