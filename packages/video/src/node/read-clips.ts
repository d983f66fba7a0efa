/** Data sets on disk: a folder of class folders, or a table of clips. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import type { ClipDataset } from '../dataset/clip.ts';
import { DatasetError } from '../dataset/errors.ts';
import { type LabelOptions, labelClips, type NamedClip } from '../dataset/labels.ts';
import { parseClipTable, selectSplit, type TableOptions } from '../dataset/table.ts';

const videoExtensions = new Set(
  '.3gp .asf .avi .flv .gif .m2ts .m4v .mkv .mov .mp4 .mpeg .mpg .mts .ogv .ts .vob .webm .wmv .y4m'.split(' '),
);

/** Which clips {@link readClips} takes. */
export interface ReadClipsOptions extends LabelOptions, TableOptions {
  /** Take the rows of this split (column `split` of a table), or the class folders under this folder. */
  readonly split?: string;
}

async function entries(folder: string, kind: 'folder' | 'file'): Promise<string[]> {
  const found = await readdir(folder, { withFileTypes: true });
  const wanted = found.filter(
    (entry) => !entry.name.startsWith('.') && (kind === 'file' ? !entry.isDirectory() : !entry.isFile()),
  );
  return wanted.map((entry) => entry.name).sort();
}

async function fromFolder(folder: string, prefix: string): Promise<NamedClip[]> {
  const clips: NamedClip[] = [];
  for (const labelName of await entries(folder, 'folder')) {
    const files = await entries(join(folder, labelName), 'file').catch(() => []);
    for (const file of files)
      if (videoExtensions.has(extname(file).toLowerCase()))
        clips.push({ id: `${prefix}${labelName}/${file}`, file: join(folder, labelName, file), labelName });
  }
  return clips;
}

async function fromTable(path: string, { split, ...options }: ReadClipsOptions): Promise<NamedClip[]> {
  const rows = selectSplit(parseClipTable(await readFile(path, 'utf8'), path, options), split, path);
  return rows.map(({ split: _, ...row }) => ({ ...row, file: resolve(dirname(path), row.file) }));
}

/**
 * The clips of a CSV file (`file,label[,start,end][,split]`, header optional, paths relative to the file, times in
 * seconds), of a folder that holds `clips.csv`, or of a folder of class folders (with `split`: of those under
 * `FOLDER/SPLIT`). Files are not opened: see `inspectClips`.
 * @throws DatasetError when there is nothing to read, UnknownLabelError for a label that is not among `labels`
 */
export async function readClips(path: string, options: ReadClipsOptions = {}): Promise<ClipDataset> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new DatasetError(`There is no file or folder ${path}.`);
  const { split } = options;
  if (found.isFile()) return labelClips(await fromTable(path, options), path, options);
  const files = await entries(path, 'file');
  if (files.includes('clips.csv')) return labelClips(await fromTable(join(path, 'clips.csv'), options), path, options);
  if (split === undefined) return labelClips(await fromFolder(path, ''), path, options);
  const folders = await entries(path, 'folder');
  if (!folders.includes(split))
    throw new DatasetError(
      `${path}: no split "${split}": there is no such folder in ${basename(path)} (${folders.join(', ')}).`,
    );
  return labelClips(await fromFolder(join(path, split), `${split}/`), join(path, split), options);
}

/**
 * The splits that a data set has: the values of its table's split column, or the folders of a folder whose class
 * folders lie one level deeper. Empty where it has none.
 */
export async function findSplits(path: string, options: TableOptions = {}): Promise<string[]> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new DatasetError(`There is no file or folder ${path}.`);
  const table = found.isFile() ? path : join(path, 'clips.csv');
  if (found.isFile() || (await stat(table).catch(() => undefined))?.isFile()) {
    const rows = parseClipTable(await readFile(table, 'utf8'), table, options);
    return [...new Set(rows.flatMap(({ split }) => (split === undefined ? [] : [split])))];
  }
  const folders = await entries(path, 'folder');
  const clips = await Promise.all(folders.map((folder) => fromFolder(join(path, folder), '')));
  return folders.filter((_, i) => (clips[i]?.length ?? 0) > 0);
}
