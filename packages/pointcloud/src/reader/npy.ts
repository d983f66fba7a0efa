/** NPY (NumPy's format, versions 1 … 3) and NPZ, a zip of them. */
import { unzipSync } from 'fflate';
import type { Columns } from '../cloud/columns.ts';
import { BadCloudError } from '../errors.ts';
import { type ArrayOptions, columnsOfArrays, type NamedArray } from './arrays.ts';
import { isScalarName, readColumn, type ScalarName, scalarTypes, viewOf } from './scalars.ts';
import type { ByteSource } from './source.ts';

interface Field {
  readonly name: string;
  readonly type: ScalarName;
  readonly littleEndian: boolean;
}

interface Header {
  /** One field without a name for a plain array; several for a structured one. */
  readonly fields: readonly Field[];
  readonly shape: readonly number[];
  readonly columnMajor: boolean;
  readonly end: number;
}

function field(id: string, name: string, text: string): Field {
  const [, order, type] = /^([<>|=])(\w+)$/.exec(text.replace('b1', 'u1')) ?? [];
  if (type === undefined || !isScalarName(type))
    throw new BadCloudError(
      id,
      'unreadable',
      `type '${text}' is no number. Save it as float32: numpy.save(path, array.astype('float32')).`,
    );
  return { name, type, littleEndian: order !== '>' };
}

function parseHeader(id: string, bytes: Uint8Array): Header {
  if (bytes.length < 12 || bytes[0] !== 0x93 || new TextDecoder().decode(bytes.subarray(1, 6)) !== 'NUMPY')
    throw new BadCloudError(
      id,
      bytes.length < 12 ? 'truncated' : 'unreadable',
      'it does not begin as a NumPy array does. Is it truncated, or its extension wrong?',
    );
  const long = (bytes[6] as number) >= 2;
  const start = long ? 12 : 10;
  const end = start + (long ? viewOf(bytes).getUint32(8, true) : viewOf(bytes).getUint16(8, true));
  if (end > bytes.length)
    throw new BadCloudError(id, 'truncated', 'it ends in its header. It is truncated: copy it again.');
  const text = new TextDecoder('latin1').decode(bytes.subarray(start, end));
  const plain = /'descr':\s*'([^']+)'/.exec(text)?.[1];
  const structured = [...text.matchAll(/\('([^']+)',\s*'([^']+)'\)/g)];
  const shape = /'shape':\s*\(([^)]*)\)/.exec(text)?.[1];
  if ((plain === undefined && structured.length === 0) || shape === undefined)
    throw new BadCloudError(id, 'unreadable', `its header is not understood: ${text.trim()}`);
  return {
    fields:
      plain === undefined
        ? structured.map(([, name, type]) => field(id, name as string, type as string))
        : [field(id, '', plain)],
    shape: shape
      .split(',')
      .filter((length) => length.trim() !== '')
      .map(Number),
    columnMajor: /'fortran_order':\s*True/.test(text),
    end,
  };
}

/** One array a field; structured arrays have several fields, each [rows]. */
function readArrays(id: string, name: string, bytes: Uint8Array): NamedArray[] {
  const { fields, shape, columnMajor, end } = parseHeader(id, bytes);
  const count = shape.reduce((product, length) => product * length, 1);
  const stride = fields.reduce((sum, { type }) => sum + scalarTypes[type].bytes, 0);
  if (bytes.length < end + count * stride)
    throw new BadCloudError(
      id,
      'truncated',
      `its shape is (${shape.join(', ')}), ${count * stride} bytes, but it has ${bytes.length - end}. It is truncated: copy it again.`,
    );
  let offset = end;
  return fields.map((entry) => {
    const { type, littleEndian } = entry;
    const data = readColumn(viewOf(bytes), count, { type, offset, stride, littleEndian });
    offset += scalarTypes[type].bytes;
    return { name: entry.name || name, shape, data: columnMajor ? rowMajor(data, shape) : data };
  });
}

/** Column-major (Fortran) order turned into row-major. */
function rowMajor(data: Float64Array, shape: readonly number[]): Float64Array {
  const out = new Float64Array(data.length);
  const index = shape.map(() => 0);
  for (let to = 0; to < data.length; to++) {
    let [from, step] = [0, 1];
    for (const [axis, length] of shape.entries()) {
      from += (index[axis] as number) * step;
      step *= length;
    }
    out[to] = data[from] as number;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < (shape[axis] as number)) break;
      index[axis] = 0;
    }
  }
  return out;
}

/** @throws BadCloudError for a file that ends early or holds no numbers */
export async function readNpy(source: ByteSource, options: ArrayOptions = {}): Promise<Columns> {
  const { id } = source;
  return columnsOfArrays(id, readArrays(id, '', await source.bytes()), options);
}

export async function readNpz(source: ByteSource, options: ArrayOptions = {}): Promise<Columns> {
  const { id } = source;
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(await source.bytes());
  } catch (error) {
    if (error instanceof BadCloudError) throw error;
    throw new BadCloudError(
      id,
      'truncated',
      `it cannot be unzipped (${error instanceof Error ? error.message : error}). It is truncated or broken: copy it again.`,
      { cause: error },
    );
  }
  const entries = Object.entries(files);
  const arrays = entries.flatMap(([file, bytes]) => readArrays(`${id}/${file}`, file.replace(/\.npy$/, ''), bytes));
  const only = arrays.length === 1 ? arrays.map((array) => ({ ...array, name: '' })) : arrays;
  return columnsOfArrays(id, only, options);
}
