/** Point clouds in Node: files, folders and URLs. */
import type { PointCloud } from './cloud/cloud.ts';
import { openSource } from './node/source.ts';
import { type ReadOptions, readSource } from './reader/read.ts';
import type { CloudFile } from './reader/source.ts';

export * from './common.ts';
export { cloudDiskStore } from './node/disk-store.ts';
export { type NodePointSourceOptions, pointSource } from './node/point-source.ts';
export { type ReadScenesOptions, readScenes } from './node/read-scenes.ts';
export { writePly, writePointLabels } from './node/write.ts';

/** Reads a cloud from a path, a URL or a blob. @throws BadCloudError naming file, line or point, and the remedy */
export async function readCloud(
  file: CloudFile,
  options: ReadOptions & { readonly id?: string } = {},
): Promise<PointCloud> {
  const id = options.id ?? (file instanceof Blob ? ((file as Partial<File>).name ?? 'blob') : String(file));
  return readSource(openSource(file, id), options);
}
