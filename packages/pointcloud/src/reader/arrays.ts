/** Named arrays, as NPY, NPZ and HDF5 files hold them, made into columns. */
import { byPoint, type Column, type Columns } from '../cloud/columns.ts';
import { BadCloudError } from '../errors.ts';
import { columnNames } from './text.ts';

export interface NamedArray {
  /** Empty for the only array of a file without names. */
  readonly name: string;
  readonly shape: readonly number[];
  /** In row-major order. */
  readonly data: ArrayLike<number>;
}

export interface ArrayOptions {
  /** Names of the columns of a [points, columns] array. */
  readonly columns?: readonly string[];
  /** Which cloud, where arrays are [clouds, points, columns]. */
  readonly row?: number;
}

const groups: Record<string, readonly string[]> = {
  xyz: ['x', 'y', 'z'],
  points: ['x', 'y', 'z'],
  point: ['x', 'y', 'z'],
  pos: ['x', 'y', 'z'],
  position: ['x', 'y', 'z'],
  positions: ['x', 'y', 'z'],
  coord: ['x', 'y', 'z'],
  coords: ['x', 'y', 'z'],
  rgb: ['r', 'g', 'b'],
  color: ['r', 'g', 'b'],
  colors: ['r', 'g', 'b'],
  colour: ['r', 'g', 'b'],
  colours: ['r', 'g', 'b'],
};

function strided(data: ArrayLike<number>, from: number, count: number, stride: number): Float64Array {
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) values[i] = data[from + i * stride] as number;
  return values;
}

/** The array of one cloud, where an array holds several. */
function oneCloud(id: string, array: NamedArray, clouds: number, row: number | undefined): NamedArray {
  if (row === undefined || row < 0 || row >= clouds || !Number.isInteger(row))
    throw new BadCloudError(
      id,
      'columns',
      `its arrays hold ${clouds} clouds${row === undefined ? '' : `, and row is ${row}`}. Say which: row: 0 … ${clouds - 1}.`,
    );
  const shape = array.shape.slice(1);
  const size = shape.reduce((product, length) => product * length, 1);
  return { name: array.name, shape, data: strided(array.data, row * size, size, 1) };
}

/** @throws BadCloudError for arrays that no cloud can be made of */
export function columnsOfArrays(id: string, arrays: readonly NamedArray[], options: ArrayOptions = {}): Columns {
  const clouds = arrays.find(({ shape }) => shape.length === 3)?.shape[0];
  if (clouds === undefined && options.row !== undefined)
    throw new BadCloudError(
      id,
      'columns',
      `row is ${options.row}, but its arrays hold one cloud: none is [clouds, points, columns]. Leave row out.`,
    );
  const flat = clouds === undefined ? arrays : arrays.map((array) => oneCloud(id, array, clouds, options.row));
  const columns: [string, Column][] = [];
  let count: number | undefined;
  for (const { name, shape, data } of flat) {
    const rows = shape[0];
    if (rows === undefined || shape.length > 2) continue;
    if (count !== undefined && rows !== count)
      throw new BadCloudError(
        id,
        'columns',
        `array "${name}" has ${rows} rows where another has ${count}; every array has one row a point.`,
      );
    count = rows;
    const width = shape[1] ?? 1;
    if (width === 1 && name !== '') {
      columns.push([name === 'seg' ? 'label' : name, data]);
      continue;
    }
    const group = groups[name.toLowerCase()];
    const names = group?.length === width && !options.columns ? group : arrayNames(id, name, width, options.columns);
    for (const [c, column] of names.entries()) columns.push([column, strided(data, c, rows, width)]);
  }
  return {
    names: columns.map(([name]) => name),
    values: columns.map(([, values]) => values),
    count: count ?? 0,
    where: byPoint,
  };
}

/** The nine columns of the S3DIS blocks of PointNet: the last three are x, y, z over the room's size. */
const pointNet = ['x', 'y', 'z', 'r', 'g', 'b', 'room_x', 'room_y', 'room_z'];

function arrayNames(id: string, array: string, width: number, given: readonly string[] | undefined): readonly string[] {
  if (!given && array === 'data' && width === pointNet.length) return pointNet;
  if (!given && array !== '' && array !== 'data')
    return Array.from({ length: width }, (_, c) => (width === 1 ? array : `${array}_${c}`));
  return columnNames(id, width, given);
}
