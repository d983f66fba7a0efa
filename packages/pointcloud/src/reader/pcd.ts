/** PCD 0.7 (Point Cloud Library): ascii, binary, and binary_compressed (columns one after another, packed by LZF). */
import { byPoint, type Column, type Columns } from '../cloud/columns.ts';
import { BadCloudError, endsEarly } from '../errors.ts';
import { headerLines } from './header.ts';
import { unpackLzf } from './lzf.ts';
import { textNumber } from './numbers.ts';
import { isScalarName, type Placement, readColumn, type ScalarName, scalarTypes, viewOf } from './scalars.ts';
import type { ByteSource } from './source.ts';

interface Field {
  readonly name: string;
  readonly type: ScalarName;
  /** Numbers of this field in a point; only fields with one become columns. */
  readonly count: number;
}

interface Header {
  readonly fields: readonly Field[];
  readonly points: number;
  readonly data: string;
}

function parseHeader(id: string, lines: readonly string[]): Header {
  const entries = new Map<string, string[]>();
  for (const line of lines) {
    const [key, ...values] = line.split(/\s+/);
    if (key && !key.startsWith('#')) entries.set(key.toUpperCase(), values);
  }
  const numbers = (key: string) => entries.get(key)?.map(Number);
  const names = entries.get('FIELDS') ?? [];
  const [sizes, kinds, counts] = [numbers('SIZE'), entries.get('TYPE'), numbers('COUNT')];
  const fields = names.map((name, i): Field => {
    const type = `${kinds?.[i]?.toLowerCase()}${sizes?.[i]}`;
    if (!isScalarName(type))
      throw new BadCloudError(
        id,
        'unreadable',
        `field "${name}" has TYPE ${kinds?.[i]} and SIZE ${sizes?.[i]}, which PCD does not have.`,
      );
    return { name, type, count: counts?.[i] ?? 1 };
  });
  const points = numbers('POINTS')?.[0] ?? (numbers('WIDTH')?.[0] ?? Number.NaN) * (numbers('HEIGHT')?.[0] ?? 1);
  if (fields.length === 0 || !Number.isInteger(points))
    throw new BadCloudError(id, 'unreadable', 'its header lacks FIELDS or POINTS. Is it a PCD file?');
  return { fields, points, data: entries.get('DATA')?.[0]?.toLowerCase() ?? '' };
}

const bytesOf = ({ type, count }: Field) => scalarTypes[type].bytes * count;

function asciiColumns(id: string, body: Uint8Array, { fields, points }: Header, firstLine: number): Float64Array[] {
  const width = fields.reduce((sum, { count }) => sum + count, 0);
  const lines = new TextDecoder().decode(body).split('\n');
  // A header may announce more points than memory holds; there are no more than lines.
  const columns = fields.map(() => new Float64Array(Math.min(points, lines.length)));
  for (let i = 0; i < points; i++) {
    const tokens = lines[i]?.trim().split(/\s+/) ?? [''];
    if (tokens[0] === '') throw endsEarly(id, points, i);
    if (tokens.length !== width)
      throw tokens.length < width && i === lines.length - 1
        ? endsEarly(id, points, i)
        : new BadCloudError(
            id,
            'columns',
            `line ${firstLine + i}: ${tokens.length} numbers, but a point has ${width}. Mend or remove the line.`,
          );
    let at = 0;
    for (const [f, { name, count }] of fields.entries()) {
      const value = textNumber(tokens[at] as string);
      if (value === undefined)
        throw new BadCloudError(
          id,
          'columns',
          `line ${firstLine + i}: "${tokens[at]}" is no number (${name}). Mend or remove the line.`,
        );
      (columns[f] as Float64Array)[i] = value;
      at += count;
    }
  }
  return columns;
}

/** Where each field's numbers are: point by point, or (compressed) field by field. */
function placements({ fields, points }: Header, byField: boolean): Placement[] {
  const stride = fields.reduce((sum, field) => sum + bytesOf(field), 0);
  let offset = 0;
  return fields.map((field) => {
    const placement = { type: field.type, offset, stride: byField ? bytesOf(field) : stride, littleEndian: true };
    offset += bytesOf(field) * (byField ? points : 1);
    return placement;
  });
}

function unpacked(id: string, body: Uint8Array, bytes: number): Uint8Array {
  const view = viewOf(body);
  const packed = body.length >= 8 ? view.getUint32(0, true) : Infinity;
  const whole = body.length >= 8 ? view.getUint32(4, true) : 0;
  const data =
    packed + 8 <= body.length && whole === bytes ? unpackLzf(body.subarray(8, 8 + packed), whole) : undefined;
  if (data) return data;
  throw new BadCloudError(
    id,
    'truncated',
    `its compressed points (${body.length} bytes) do not unpack to ${bytes} bytes. It is truncated or broken: copy it again.`,
  );
}

/** PCL keeps a colour in the bits of one number, 0x00RRGGBB. */
function splitColours(columns: { name: string; values: Column }[], types: readonly ScalarName[]) {
  return columns.flatMap(({ name, values }, i) => {
    if (!/^rgba?$/i.test(name)) return [{ name, values }];
    const bits = types[i] === 'f4' ? new Uint32Array(Float32Array.from(values).buffer) : Uint32Array.from(values);
    return ['r', 'g', 'b'].map((channel, c) => ({
      name: channel,
      values: bits.map((all) => (all >> (16 - 8 * c)) & 255),
    }));
  });
}

/** @throws BadCloudError for a header that cannot be, or a file that ends early */
export async function readPcd(source: ByteSource): Promise<Columns> {
  const { id } = source;
  const bytes = await source.bytes();
  const { lines, end } = headerLines(id, bytes, bytes[0] === 35 ? '#' : 'VERSION', (line) => /^DATA\b/i.test(line));
  const header = parseHeader(id, lines);
  const { fields, points, data } = header;
  const body = bytes.subarray(end);
  let values: Float64Array[];
  if (data === 'ascii') values = asciiColumns(id, body, header, lines.length + 1);
  else if (data === 'binary' || data === 'binary_compressed') {
    const stride = fields.reduce((sum, field) => sum + bytesOf(field), 0);
    if (data === 'binary' && body.length < stride * points)
      throw endsEarly(id, points, Math.floor(body.length / stride));
    const view = viewOf(data === 'binary' ? body : unpacked(id, body, stride * points));
    values = placements(header, data !== 'binary').map((placement) => readColumn(view, points, placement));
  } else throw new BadCloudError(id, 'unreadable', `DATA is "${data}", not ascii, binary or binary_compressed.`);
  const named = fields.map(({ name }, i) => ({ name, values: values[i] as Column }));
  const kept = fields.flatMap(({ name, count }, i) => (count === 1 && name !== '_' ? [i] : []));
  const columns = splitColours(
    kept.map((i) => named[i] as (typeof named)[number]),
    kept.map((i) => (fields[i] as Field).type),
  );
  return {
    names: columns.map(({ name }) => name),
    values: columns.map((c) => c.values),
    count: points,
    where: byPoint,
  };
}
