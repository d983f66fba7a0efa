/** Data sets on disk. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { FileEntry } from '../dataset/layout.ts';
import { type DatasetOptions, openDataset } from '../dataset/open.ts';
import type { SceneDataset } from '../dataset/scene.ts';
import { parseSplit, selectScenes } from '../dataset/select.ts';
import { CloudDatasetError } from '../errors.ts';
import { openSource } from './source.ts';

export interface ReadScenesOptions extends DatasetOptions {
  /** Lines as {@link selectScenes} takes them, or the name of a list in the folder: `train` for `train.txt`. */
  readonly split?: string | readonly string[];
}

async function listFiles(path: string): Promise<FileEntry[]> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new CloudDatasetError(`${path}: no file or folder of that name. Check the path.`);
  if (!found.isDirectory()) return [{ path: basename(path), file: path }];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries.flatMap((entry) => {
    const file = join(entry.parentPath ?? entry.path, entry.name);
    const relative = file.slice(join(path, '/').length).replaceAll('\\', '/');
    return entry.isDirectory() || relative.split('/').some((part) => part.startsWith('.'))
      ? []
      : [{ path: relative, file }];
  });
}

async function splitLines(path: string, split: string): Promise<string[]> {
  const folder = (await stat(path)).isDirectory() ? path : dirname(path);
  const file = join(folder, `${split}.txt`);
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined)
    throw new CloudDatasetError(`There is no list ${file}. Write the split's scenes into it, one on each line.`);
  return parseSplit(text);
}

/**
 * A folder in the S3DIS layout, a folder of clouds with labels, or one such file.
 * @throws CloudDatasetError, BadCloudError
 */
export async function readScenes(path: string, { split, ...options }: ReadScenesOptions = {}): Promise<SceneDataset> {
  const list = typeof split === 'string' ? `${split}.txt` : undefined;
  const files = (await listFiles(path)).filter((entry) => entry.path !== list);
  const dataset = await openDataset(path, files, openSource, options);
  if (split === undefined) return dataset;
  return selectScenes(dataset, typeof split === 'string' ? await splitLines(path, split) : split);
}
