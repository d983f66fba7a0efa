/** Numbers of binary files: types by name, and columns of records. */

export interface ScalarType {
  readonly bytes: number;
  read(view: DataView, at: number, littleEndian: boolean): number;
}

/** A half-precision number from its 16 bits (IEEE 754 binary16). */
function half(bits: number): number {
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 31) return fraction ? Number.NaN : sign * Infinity;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

export const scalarTypes = {
  i1: { bytes: 1, read: (view, at) => view.getInt8(at) },
  u1: { bytes: 1, read: (view, at) => view.getUint8(at) },
  i2: { bytes: 2, read: (view, at, little) => view.getInt16(at, little) },
  u2: { bytes: 2, read: (view, at, little) => view.getUint16(at, little) },
  i4: { bytes: 4, read: (view, at, little) => view.getInt32(at, little) },
  u4: { bytes: 4, read: (view, at, little) => view.getUint32(at, little) },
  i8: { bytes: 8, read: (view, at, little) => Number(view.getBigInt64(at, little)) },
  u8: { bytes: 8, read: (view, at, little) => Number(view.getBigUint64(at, little)) },
  f2: { bytes: 2, read: (view, at, little) => half(view.getUint16(at, little)) },
  f4: { bytes: 4, read: (view, at, little) => view.getFloat32(at, little) },
  f8: { bytes: 8, read: (view, at, little) => view.getFloat64(at, little) },
} as const satisfies Record<string, ScalarType>;

export type ScalarName = keyof typeof scalarTypes;

export const isScalarName = (name: string): name is ScalarName => name in scalarTypes;

export const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Where one column's numbers stand: `offset + row · stride`. */
export interface Placement {
  readonly type: ScalarName;
  readonly offset: number;
  readonly stride: number;
  readonly littleEndian: boolean;
}

export function readColumn(view: DataView, count: number, { type, offset, stride, littleEndian }: Placement) {
  const scalar: ScalarType = scalarTypes[type];
  const values = new Float64Array(count);
  for (let i = 0, at = offset; i < count; i++, at += stride) values[i] = scalar.read(view, at, littleEndian);
  return values;
}
