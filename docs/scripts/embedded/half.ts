/** A safetensors file in half precision: what a page loads is half as large. Rounded to the nearest, ties to even. */
import { readFileSync, writeFileSync } from 'node:fs';

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [from: number, to: number];
}

const single = new Float32Array(1);
const bits = new Uint32Array(single.buffer);

/** @throws RangeError for what float16 cannot hold */
export function toHalf(value: number): number {
  single[0] = value;
  const sign = ((bits[0] as number) >>> 16) & 0x8000;
  const size = Math.abs(value);
  if (!(size < 65_520)) throw new RangeError(`${value} is no float16: it must be below 65,520 in size.`);
  // A step between numbers of this size, 2⁻²⁴ at least; the quotient is exact in float64.
  const exponent = Math.max(-14, size === 0 ? -14 : Math.floor(Math.log2(size)));
  const steps = size / 2 ** (exponent - 10);
  const down = Math.floor(steps);
  const rest = steps - down;
  const rounded = rest > 0.5 || (rest === 0.5 && down % 2 === 1) ? down + 1 : down;
  // Steps of 1024 … 2047 are normal numbers; a carry into the exponent comes out right by itself.
  return sign | (exponent === -14 ? rounded : ((exponent + 14) << 10) + rounded);
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

function halfOf(bytes: Buffer): Buffer {
  const out = Buffer.alloc(bytes.length / 2);
  for (let i = 0; i < out.length; i += 2) out.writeUInt16LE(toHalf(bytes.readFloatLE(2 * i)), i);
  return out;
}
