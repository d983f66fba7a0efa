/** Any cloud file: the extension tells the format. */
import { assembleCloud } from '../cloud/assemble.ts';
import type { PointCloud } from '../cloud/cloud.ts';
import type { Columns } from '../cloud/columns.ts';
import type { RoleOptions } from '../cloud/roles.ts';
import { BadCloudError } from '../errors.ts';
import type { ArrayOptions } from './arrays.ts';
import { readHdf5 } from './hdf5.ts';
import { readLas } from './las.ts';
import { readNpy, readNpz } from './npy.ts';
import { readPcd } from './pcd.ts';
import { readPly } from './ply.ts';
import type { ByteSource } from './source.ts';
import { readText } from './text.ts';

/** What a file does not say of itself. */
export interface ReadOptions extends RoleOptions, ArrayOptions {}

type Read = (source: ByteSource, options: ReadOptions) => Promise<Columns>;

const readers: Record<string, Read> = {
  ply: readPly,
  pcd: readPcd,
  las: readLas,
  laz: readLas,
  npy: readNpy,
  npz: readNpz,
  h5: readHdf5,
  hdf5: readHdf5,
  hdf: readHdf5,
  txt: readText,
  xyz: readText,
  xyzrgb: readText,
  csv: readText,
  pts: readText,
  asc: readText,
};

const extension = (name: string) => /\.([^./\\]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';

/** Whether the file's extension is one that is read. */
export const isCloudFile = (name: string) => extension(name) in readers;

/** @throws BadCloudError for an extension that is not known */
export function readColumns(source: ByteSource, options: ReadOptions = {}): Promise<Columns> {
  const reader = readers[extension(source.name)];
  if (!reader)
    throw new BadCloudError(
      source.id,
      'unreadable',
      `the extension ".${extension(source.name)}" is not known; known: ${Object.keys(readers).join(', ')}.`,
    );
  return reader(source, options);
}

/** @throws BadCloudError naming file, line or point, and the remedy */
export async function readSource(source: ByteSource, options: ReadOptions = {}): Promise<PointCloud> {
  return assembleCloud(source.id, await readColumns(source, options), options);
}
