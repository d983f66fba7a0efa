/** Small files for tests of readers, written byte by byte from the formats' descriptions (not by our writers). */

/** Numbers of mixed types, one after another. */
export function pack(little: boolean, parts: readonly (readonly [type: string, value: number])[]): Uint8Array {
  const sizes: Record<string, number> = { i1: 1, u1: 1, i2: 2, u2: 2, i4: 4, u4: 4, u8: 8, f4: 4, f8: 8 };
  const bytes = new Uint8Array(parts.reduce((sum, [type]) => sum + (sizes[type] as number), 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [type, value] of parts) {
    if (type === 'i1') view.setInt8(at, value);
    else if (type === 'u1') view.setUint8(at, value);
    else if (type === 'i2') view.setInt16(at, value, little);
    else if (type === 'u2') view.setUint16(at, value, little);
    else if (type === 'i4') view.setInt32(at, value, little);
    else if (type === 'u4') view.setUint32(at, value, little);
    else if (type === 'u8') view.setBigUint64(at, BigInt(value), little);
    else if (type === 'f4') view.setFloat32(at, value, little);
    else if (type === 'f8') view.setFloat64(at, value, little);
    else throw new Error(`no type ${type}`);
    at += sizes[type] as number;
  }
  return bytes;
}

export const text = (content: string) => new TextEncoder().encode(content);

export function join(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** A file as a browser hands it over. */
export const file = (name: string, ...parts: readonly (Uint8Array | string)[]) =>
  new File([join(...parts.map((part) => (typeof part === 'string' ? text(part) : part)))], name);

/** An array of NumPy, version 1: magic, length of the header, the header padded with blanks, the numbers. */
export function npy(descr: string, shape: readonly number[], data: Uint8Array, fortran = false): Uint8Array {
  const type = descr.startsWith('[') ? descr : `'${descr}'`;
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const header = `{'descr': ${type}, 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': ${tuple}, }`;
  const padded = `${header.padEnd(64 * Math.ceil((header.length + 11) / 64) - 11)}\n`;
  return join(
    Uint8Array.of(0x93),
    text('NUMPY'),
    Uint8Array.of(1, 0),
    pack(true, [['u2', padded.length]]),
    text(padded),
    data,
  );
}

export interface LasPoint {
  /** Integers of the file; the coordinate is value · scale + offset. */
  readonly xyz: readonly [number, number, number];
  readonly intensity: number;
  readonly classification: number;
  readonly rgb: readonly [number, number, number];
}

/** LAS 1.4: a header of 375 bytes and records of format 2 (26 bytes) or 7 (36 bytes). */
export function las(format: 2 | 7, points: readonly LasPoint[], scale: number, offset: readonly number[]): Uint8Array {
  const length = { 2: 26, 7: 36 }[format];
  const header = new Uint8Array(375);
  const view = new DataView(header.buffer);
  header.set(text('LASF'));
  header.set([1, 4], 24);
  view.setUint16(94, 375, true);
  view.setUint32(96, 375, true);
  header[104] = format;
  view.setUint16(105, length, true);
  view.setUint32(107, format === 2 ? points.length : 0, true);
  for (let axis = 0; axis < 3; axis++) {
    view.setFloat64(131 + 8 * axis, scale, true);
    view.setFloat64(155 + 8 * axis, offset[axis] as number, true);
  }
  view.setBigUint64(247, BigInt(points.length), true);
  const records = points.map(({ xyz, intensity, classification, rgb }) =>
    pack(true, [
      ...xyz.map((value) => ['i4', value] as const),
      ['u2', intensity],
      ...(format === 2
        ? ([
            ['u1', 9],
            ['u1', classification | 0x80],
            ['i1', 0],
            ['u1', 0],
            ['u2', 0],
          ] as const)
        : ([
            ['u1', 17],
            ['u1', 0],
            ['u1', classification],
            ['u1', 0],
            ['i2', 0],
            ['u2', 0],
            ['f8', 1],
          ] as const)),
      ...rgb.map((value) => ['u2', value] as const),
    ]),
  );
  return join(header, ...records);
}
