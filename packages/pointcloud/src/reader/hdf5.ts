/** HDF5 through h5wasm, whose WebAssembly comes with its package. */
import type { Columns } from '../cloud/columns.ts';
import { BadCloudError } from '../errors.ts';
import { type ArrayOptions, columnsOfArrays, type NamedArray } from './arrays.ts';
import type { ByteSource } from './source.ts';

let files = 0;

/** Every reading of `value` unpacks the array again, and fails where it is packed by a filter that h5wasm lacks. */
function valuesOf(id: string, name: string, array: { readonly value: unknown }): unknown {
  try {
    return array.value;
  } catch (error) {
    throw new BadCloudError(
      id,
      'unreadable',
      `HDF5 cannot read array "${name}" (${error instanceof Error ? error.message : error}). Save it uncompressed, or with gzip.`,
      { cause: error },
    );
  }
}

/**
 * The data sets of the root: columns by name, `xyz`, `points`, … and `rgb` of three, or `data` and `label` as PointNet's
 * files have them.
 * @throws BadCloudError for a file that is cut or no HDF5
 */
export async function readHdf5(source: ByteSource, options: ArrayOptions = {}): Promise<Columns> {
  const { id } = source;
  const hdf5 = await import('h5wasm');
  // Without this, the library tells the console of a broken file instead of us.
  (await hdf5.ready).activate_throwing_error_handler();
  const { File, FS, Dataset } = hdf5;
  if (!FS) throw new BadCloudError(id, 'unreadable', 'h5wasm could not be started.');
  const path = `/dr2net-${files++}.h5`;
  FS.writeFile(path, await source.bytes());
  try {
    let file: InstanceType<typeof File>;
    let names: string[];
    try {
      file = new File(path, 'r');
      names = file.keys();
    } catch (error) {
      throw new BadCloudError(
        id,
        'truncated',
        `HDF5 cannot open it (${error instanceof Error ? error.message : error}). It is truncated, or no HDF5: copy it again.`,
        { cause: error },
      );
    }
    try {
      const arrays = names.flatMap((name): NamedArray[] => {
        const item = file.get(name);
        if (!(item instanceof Dataset) || !item.shape) return [];
        const values = valuesOf(id, name, item);
        if (!values || typeof values !== 'object') return [];
        return [{ name, shape: item.shape, data: Array.from(values as ArrayLike<number | bigint>, Number) }];
      });
      if (arrays.length === 0)
        throw new BadCloudError(id, 'empty', 'its root has no arrays of numbers. Save the points there.');
      return columnsOfArrays(id, arrays, options);
    } finally {
      file.close();
    }
  } finally {
    FS.unlink(path);
  }
}
