/** Action recognition in the browser: files the user chose, the browser's WebCodecs. */
import type { ClipDataset } from './dataset/clip.ts';
import { clipReader } from './reader/browser.ts';
import type { ClipReader } from './reader/contract.ts';
import type { ClipSourceOptions } from './source/options.ts';
import { type ClipSource, createClipSource } from './source/source.ts';

export * from './common.ts';
export { clipReader };

/** See {@link ClipSource}: a data set as batches of `ClipBatch`, made ahead in the background. */
export function clipSource(
  dataset: ClipDataset,
  options: ClipSourceOptions & { readonly reader?: ClipReader },
): ClipSource {
  const { reader = clipReader(), ...rest } = options;
  return createClipSource(dataset, rest, reader);
}
