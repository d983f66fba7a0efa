/** LAS 1.0 … 1.4 (ASPRS), point formats 0 … 10, extra bytes included; LAZ through laz-perf. */
import { byPoint, type Columns } from '../cloud/columns.ts';
import { BadCloudError, endsEarly } from '../errors.ts';
import { extraFields } from './las-extra.ts';
import { unpackLaz } from './laz.ts';
import { readColumn, type ScalarName, scalarTypes, viewOf } from './scalars.ts';
import type { ByteSource } from './source.ts';

export interface LasHeader {
  readonly format: number;
  readonly recordLength: number;
  readonly points: number;
  readonly offset: number;
  readonly compressed: boolean;
  readonly scale: readonly number[];
  readonly shift: readonly number[];
}

/** Bytes of a record without extra bytes, by point format. */
const baseLength = [20, 28, 26, 34, 57, 63, 30, 36, 38, 59, 67];
/** Where the colours stand, by point format. */
const colourAt: Record<number, number> = { 2: 20, 3: 28, 5: 28, 7: 30, 8: 30, 10: 30 };

function parseHeader(id: string, bytes: Uint8Array): LasHeader {
  const view = viewOf(bytes);
  if (bytes.length < 4 || String.fromCharCode(...bytes.subarray(0, 4)) !== 'LASF')
    throw new BadCloudError(id, 'unreadable', 'it does not begin with "LASF". Is its name\'s extension right?');
  if (bytes.length < 227)
    throw new BadCloudError(id, 'truncated', `it ends in its header, after ${bytes.length} bytes. Copy it again.`);
  const numbers = (at: number) => [0, 8, 16].map((step) => view.getFloat64(at + step, true));
  const format = view.getUint8(104);
  const modern = view.getUint8(25) >= 4 && bytes.length >= 255;
  const header = {
    format: format & 63,
    compressed: format >= 128,
    recordLength: view.getUint16(105, true),
    points: view.getUint32(107, true) || (modern ? Number(view.getBigUint64(247, true)) : 0),
    offset: view.getUint32(96, true),
    scale: numbers(131),
    shift: numbers(155),
  };
  const base = baseLength[header.format];
  if (base === undefined || header.recordLength < base)
    throw new BadCloudError(
      id,
      'unreadable',
      `point format ${header.format} with records of ${header.recordLength} bytes is none of LAS 1.4. Export it again.`,
    );
  return header;
}

/**
 * Columns x, y, z, intensity, classification, r, g, b where the format has them, and the extra fields. Withheld points
 * are kept.
 * @throws BadCloudError for a header that cannot be, or a file that ends early
 */
export async function readLas(source: ByteSource): Promise<Columns> {
  const { id } = source;
  const bytes = await source.bytes();
  const header = parseHeader(id, bytes);
  const { format, recordLength: stride, points, offset, scale, shift } = header;
  let records = bytes.subarray(offset, offset + points * stride);
  if (header.compressed) records = await unpackLaz(id, bytes, header);
  else if (records.length < points * stride) throw endsEarly(id, points, Math.floor(records.length / stride));
  const view = viewOf(records);
  const column = (type: ScalarName, at: number) =>
    readColumn(view, points, { type, offset: at, stride, littleEndian: true });
  const axis = (i: number) => {
    const [by, from] = [scale[i] as number, shift[i] as number];
    return column('i4', 4 * i).map((value) => value * by + from);
  };
  const legacy = format < 6;
  const columns: [string, Float64Array][] = [
    ['x', axis(0)],
    ['y', axis(1)],
    ['z', axis(2)],
    ['intensity', column('u2', 12)],
    ['classification', legacy ? column('u1', 15).map((value) => value & 31) : column('u1', 16)],
  ];
  const colour = colourAt[format];
  if (colour !== undefined)
    for (const [i, name] of ['r', 'g', 'b'].entries()) columns.push([name, column('u2', colour + 2 * i)]);
  for (const { name, type, at, scale: by, shift: from } of extraFields(bytes, baseLength[format] as number)) {
    if (at + scalarTypes[type].bytes > stride)
      throw new BadCloudError(
        id,
        'unreadable',
        `its extra field "${name}" is said to end at byte ${at + scalarTypes[type].bytes} of records of ${stride}. Write the file anew without it.`,
      );
    columns.push([name, column(type, at).map((value) => value * by + from)]);
  }
  return {
    names: columns.map(([name]) => name),
    values: columns.map(([, values]) => values),
    count: points,
    where: byPoint,
  };
}
