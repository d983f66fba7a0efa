/** The point source of Node: scenes from the disk, kept in a folder when asked to. */
import type { SceneDataset } from '../dataset/scene.ts';
import type { PointSourceOptions } from '../source/options.ts';
import { createPointSource, type PointSource } from '../source/source.ts';
import { cloudDiskStore } from './disk-store.ts';
import { openSource } from './source.ts';

/** How a point source of Node reads. */
export interface NodePointSourceOptions extends PointSourceOptions {
  /** A folder where clouds are kept as they were read, for later runs too; instead of `store`. */
  readonly cache?: string;
}

/** See {@link PointSource}: a data set as batches of `PointBatch`, made ahead in the background. */
export async function pointSource(dataset: SceneDataset, options: NodePointSourceOptions): Promise<PointSource> {
  const { cache, ...rest } = options;
  if (cache !== undefined && rest.store) throw new RangeError('Give `cache` (a folder) or `store`, not both.');
  const store = cache === undefined ? rest.store : cloudDiskStore(cache);
  return createPointSource(dataset, store ? { ...rest, store } : rest, openSource);
}
