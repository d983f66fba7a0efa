/** Data sets on disk. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import type { DetectionDataset } from '../dataset/contract.ts';
import { DetectionDatasetError } from '../dataset/errors.ts';
import type { DetectionReadOptions } from '../dataset/options.ts';
import { openDataset } from '../dataset/read.ts';
import type { FileEntry } from '../files/files.ts';
import { readFile } from './files.ts';

/** All files below a folder but hidden ones. */
export async function listFolder(folder: string): Promise<FileEntry[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.flatMap((entry) => {
    const file = join(entry.parentPath ?? entry.path, entry.name);
    const path = relative(folder, file).replaceAll('\\', '/');
    return entry.isDirectory() || path.split('/').some((part) => part.startsWith('.')) ? [] : [{ path, file }];
  });
}

/**
 * A data set from the disk: COCO's, Pascal VOC's or YOLO's.
 * @param path a folder (COCO, Pascal VOC or YOLO), or a JSON of COCO's, whose images are looked for below its folder (below
 * the one above, where the folder is called `annotations`)
 * @throws DetectionDatasetError, BadAnnotationError, BadImageError
 */
export async function readDetections(path: string, options: DetectionReadOptions = {}): Promise<DetectionDataset> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new DetectionDatasetError(`${path}: no file or folder of that name. Check the path.`);
  if (found.isDirectory()) return openDataset(path, await listFolder(path), readFile, options);
  const folder = dirname(path);
  const root = /^annotations$/i.test(basename(folder)) ? dirname(folder) : folder;
  const files = await listFolder(root);
  const chosen = { path: relative(root, path).replaceAll('\\', '/'), file: path };
  return openDataset(path, files, readFile, options, chosen);
}
