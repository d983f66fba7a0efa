/** The number formats of safetensors files, to float32; counts beyond 2²⁴ are rounded. float16 goes through a table of all 65,536 values. */
import { CheckpointError } from '../errors.ts';

/** A tensor on the host, as a checkpoint has it. */
export interface HostTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

let halves: Float32Array | undefined;

/** The value of every float16 bit pattern. */
function halfTable(): Float32Array {
  if (halves) return halves;
  const table = new Float32Array(65_536);
  for (let bits = 0; bits < 65_536; bits++) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 0x1f;
    const fraction = bits & 0x3ff;
    if (exponent === 0) table[bits] = sign * fraction * 2 ** -24;
    else if (exponent === 31) table[bits] = fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    else table[bits] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  halves = table;
  return table;
}

function fromHalf(bytes: Uint8Array): Float32Array {
  const table = halfTable();
  const bits = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
  const values = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) values[i] = table[bits[i]!]!;
  return values;
}

function fromBfloat(bytes: Uint8Array): Float32Array {
  const bits = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
  const wide = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) wide[i] = bits[i]! << 16;
  return new Float32Array(wide.buffer);
}

/** Counts, as BatchNorm keeps of its batches. */
function fromLong(bytes: Uint8Array): Float32Array {
  return Float32Array.from(new BigInt64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8), Number);
}

interface Format {
  readonly bytes: number;
  /** `bytes` starts at a multiple of 8 in its buffer. */
  decode?(bytes: Uint8Array): Float32Array;
}

const formats: Readonly<Record<string, Format>> = {
  F32: { bytes: 4, decode: (b) => new Float32Array(b.buffer, b.byteOffset, b.byteLength / 4) },
  F16: { bytes: 2, decode: fromHalf },
  BF16: { bytes: 2, decode: fromBfloat },
  F64: { bytes: 8, decode: (b) => new Float32Array(new Float64Array(b.buffer, b.byteOffset, b.byteLength / 8)) },
  BOOL: { bytes: 1 },
  U8: { bytes: 1 },
  I8: { bytes: 1 },
  F8_E4M3: { bytes: 1 },
  F8_E5M2: { bytes: 1 },
  U16: { bytes: 2 },
  I16: { bytes: 2 },
  U32: { bytes: 4 },
  I32: { bytes: 4 },
  U64: { bytes: 8 },
  I64: { bytes: 8, decode: fromLong },
};

/** Bytes an element; undefined for a format that safetensors does not have. */
export function bytesPerElement(dtype: string): number | undefined {
  return formats[dtype]?.bytes;
}

/** The values as float32. Throws for a format that no weight has. `bytes` is taken over. */
export function decodeTensor(key: string, dtype: string, bytes: Uint8Array): Float32Array {
  const decode = formats[dtype]?.decode;
  if (!decode)
    throw new CheckpointError(`Tensor ${key} is ${dtype}; weights can be read from F32, F16, BF16, F64 and I64 only.`);
  return decode(bytes.byteOffset % 8 === 0 ? bytes : bytes.slice());
}
