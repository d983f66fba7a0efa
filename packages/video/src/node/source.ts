/** The clip source of Node: reads files through the machine's decoders, keeps decoded clips in a folder when asked to. */
import type { ClipDataset } from '../dataset/clip.ts';
import type { ClipReader } from '../reader/contract.ts';
import type { ClipSourceOptions } from '../source/options.ts';
import { type ClipSource, createClipSource } from '../source/source.ts';
import { diskStore } from './disk-store.ts';
import { clipReader } from './reader.ts';

/** How a clip source of Node reads. */
export interface NodeClipSourceOptions extends ClipSourceOptions {
  /** Default: this machine's. */
  readonly reader?: ClipReader;
  /** A folder where decoded clips are kept, for later runs too; instead of `store`. */
  readonly cache?: string;
}

/** See {@link ClipSource}: a data set as batches of `ClipBatch`, made ahead in the background. */
export function clipSource(dataset: ClipDataset, options: NodeClipSourceOptions): ClipSource {
  const { reader = clipReader(), cache, ...rest } = options;
  if (cache !== undefined && rest.store) throw new RangeError('Give `cache` (a folder) or `store`, not both.');
  return createClipSource(dataset, cache === undefined ? rest : { ...rest, store: diskStore(cache) }, reader);
}
