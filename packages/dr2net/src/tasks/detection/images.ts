/** Images to look for objects in: files, and all those below folders. */
import { readdir, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import type { FileEntry } from '@dr2net/detection';
import { UsageError } from '../../errors.ts';

const isImage = (path: string) => /\.(jpe?g|png|webp)$/i.test(path);

async function below(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true });
  const files = entries.filter((entry) => isImage(entry) && !entry.split(/[\\/]/).some((part) => part.startsWith('.')));
  if (files.length === 0)
    throw new UsageError(`${folder} has no image (.jpg, .jpeg, .png, .webp) in it. Check the path.`);
  return files.sort().map((file) => join(folder, file));
}

/** @throws UsageError for what is not there, and what is no image */
export async function imageFiles(given: readonly string[]): Promise<FileEntry[]> {
  const files: string[] = [];
  for (const path of given) {
    const found = await stat(path).catch(() => undefined);
    if (!found) throw new UsageError(`${path}: no file or folder of that name. Check the path.`);
    if (found.isDirectory()) files.push(...(await below(path)));
    else if (isImage(path)) files.push(path);
    else throw new UsageError(`${path} is no image that can be read (.jpg, .jpeg, .png, .webp). Leave it out.`);
  }
  return [...new Set(files)].map((file) => ({ path: file, file }));
}

/** What the drawn picture of an image is called. */
export const pictureName = (path: string): string => `${basename(path, extname(path))}.boxes.jpg`;
