/** Point clouds in the browser: files the user chose, and URLs. */
import type { PointCloud } from './cloud/cloud.ts';
import type { FileEntry } from './dataset/layout.ts';
import { type DatasetOptions, openDataset } from './dataset/open.ts';
import type { SceneDataset } from './dataset/scene.ts';
import { openSource } from './reader/browser.ts';
import { type ReadOptions, readSource } from './reader/read.ts';
import type { CloudFile } from './reader/source.ts';
import type { PointSourceOptions } from './source/options.ts';
import { createPointSource, type PointSource } from './source/source.ts';

export * from './common.ts';

/** Reads a cloud from a URL or a blob. @throws BadCloudError naming file, line or point, and the remedy */
export async function readCloud(
  file: CloudFile,
  options: ReadOptions & { readonly id?: string } = {},
): Promise<PointCloud> {
  const id = options.id ?? (file instanceof Blob ? ((file as Partial<File>).name ?? 'blob') : String(file));
  return readSource(openSource(file, id), options);
}

/** A data set of files that the user chose (`path`: `webkitRelativePath`, or a name). @throws CloudDatasetError, BadCloudError */
export async function readScenes(files: readonly FileEntry[], options: DatasetOptions = {}): Promise<SceneDataset> {
  return openDataset('The choice of files', files, openSource, options);
}

/** See {@link PointSource}: a data set as batches of `PointBatch`, made ahead in the background. */
export async function pointSource(dataset: SceneDataset, options: PointSourceOptions): Promise<PointSource> {
  return createPointSource(dataset, options, openSource);
}
