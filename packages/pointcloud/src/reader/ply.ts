/** PLY (Turk 1994): ascii and binary of both byte orders, properties in any order and of any type. */
import { byPoint, type Columns } from '../cloud/columns.ts';
import { BadCloudError, endsEarly } from '../errors.ts';
import { headerLines } from './header.ts';
import { textNumber } from './numbers.ts';
import { readColumn, type ScalarName, scalarTypes, viewOf } from './scalars.ts';
import type { ByteSource } from './source.ts';

const types: Record<string, ScalarName> = {
  char: 'i1',
  int8: 'i1',
  uchar: 'u1',
  uint8: 'u1',
  short: 'i2',
  int16: 'i2',
  ushort: 'u2',
  uint16: 'u2',
  int: 'i4',
  int32: 'i4',
  uint: 'u4',
  uint32: 'u4',
  float: 'f4',
  float32: 'f4',
  double: 'f8',
  float64: 'f8',
};

interface Property {
  readonly name: string;
  readonly type: ScalarName;
}

interface Element {
  readonly name: string;
  readonly count: number;
  readonly properties: Property[];
  /** Has a property with a length of its own in every record (faces). */
  lists: boolean;
}

interface Header {
  readonly format: string;
  readonly elements: readonly Element[];
}

function parseHeader(id: string, lines: readonly string[]): Header {
  const unreadable = (detail: string) => new BadCloudError(id, 'unreadable', `${detail} Is it a PLY file?`);
  const elements: Element[] = [];
  let format = '';
  for (const [i, line] of lines.entries()) {
    const [word, ...rest] = line.trim().split(/\s+/);
    if (word === 'format') format = rest[0] ?? '';
    else if (word === 'element') {
      const count = Number(rest[1]);
      if (!Number.isInteger(count) || count < 0) throw unreadable(`line ${i + 1}: "${line.trim()}" has no count.`);
      elements.push({ name: rest[0] as string, count, properties: [], lists: false });
    } else if (word === 'property') {
      const element = elements.at(-1);
      const type = types[rest[0] as string];
      if (element && rest[0] === 'list') element.lists = true;
      else if (element && type) element.properties.push({ type, name: rest[1] as string });
      else throw unreadable(`line ${i + 1}: "${line.trim()}" is no property of an element.`);
    }
  }
  if (!['ascii', 'binary_little_endian', 'binary_big_endian'].includes(format))
    throw unreadable(`the format is "${format}", not ascii, binary_little_endian or binary_big_endian.`);
  return { format, elements };
}

/** Lines up to the last one that has something. */
const filled = (lines: readonly string[]) => lines.findLastIndex((line) => line.trim() !== '') + 1;

function asciiValues(id: string, body: Uint8Array, header: Header, vertex: Element, firstLine: number) {
  const lines = new TextDecoder().decode(body).split('\n');
  let skip = 0;
  for (const element of header.elements.slice(0, header.elements.indexOf(vertex))) skip += element.count;
  // A header may announce more points than memory holds; there are no more than lines.
  const values = vertex.properties.map(() => new Float64Array(Math.min(vertex.count, lines.length)));
  for (let i = 0; i < vertex.count; i++) {
    const line = lines[skip + i]?.trim();
    if (!line) {
      if (filled(lines) <= skip + i) throw endsEarly(id, vertex.count, i);
      throw new BadCloudError(id, 'columns', `line ${firstLine + skip + i} is empty. Remove it.`);
    }
    const tokens = line.split(/\s+/);
    const last = skip + i === lines.length - 1;
    if (tokens.length < values.length && last) throw endsEarly(id, vertex.count, i);
    if (tokens.length !== values.length)
      throw new BadCloudError(
        id,
        'columns',
        `line ${firstLine + skip + i}: ${tokens.length} numbers, but a vertex has ${values.length} properties.`,
      );
    for (const [c, column] of values.entries()) {
      const value = textNumber(tokens[c] as string);
      if (value === undefined)
        throw new BadCloudError(id, 'columns', `line ${firstLine + skip + i}: "${tokens[c]}" is no number.`);
      column[i] = value;
    }
  }
  return values;
}

function binaryValues(id: string, body: Uint8Array, header: Header, vertex: Element) {
  let offset = 0;
  const strideOf = ({ properties }: Element) => properties.reduce((sum, { type }) => sum + scalarTypes[type].bytes, 0);
  for (const element of header.elements.slice(0, header.elements.indexOf(vertex))) {
    if (element.lists)
      throw new BadCloudError(
        id,
        'unreadable',
        `"${element.name}" with lists stands before the vertices. Save it with the vertices first.`,
      );
    offset += element.count * strideOf(element);
  }
  const stride = strideOf(vertex);
  const whole = Math.floor((body.length - offset) / stride);
  if (whole < vertex.count) throw endsEarly(id, vertex.count, Math.max(0, whole));
  const littleEndian = header.format === 'binary_little_endian';
  return vertex.properties.map(({ type }) => {
    const values = readColumn(viewOf(body), vertex.count, { type, offset, stride, littleEndian });
    offset += scalarTypes[type].bytes;
    return values;
  });
}

/** The columns of the element `vertex`. @throws BadCloudError for a header that cannot be, or a file that ends early */
export async function readPly(source: ByteSource): Promise<Columns> {
  const { id } = source;
  const bytes = await source.bytes();
  const { lines, end } = headerLines(id, bytes, 'ply', (line) => line === 'end_header');
  const header = parseHeader(id, lines);
  const vertex = header.elements.find(({ name }) => name === 'vertex');
  if (!vertex) throw new BadCloudError(id, 'unreadable', 'it has no element "vertex", so no points.');
  if (vertex.lists)
    throw new BadCloudError(id, 'unreadable', 'its vertices have list properties. Save it without them.');
  const body = bytes.subarray(end);
  const values =
    header.format === 'ascii'
      ? asciiValues(id, body, header, vertex, lines.length + 1)
      : binaryValues(id, body, header, vertex);
  return { names: vertex.properties.map(({ name }) => name), values, count: vertex.count, where: byPoint };
}
