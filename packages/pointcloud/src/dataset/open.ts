/** A data set from a list of files, in Node and in the browser alike. */
import { CloudDatasetError } from '../errors.ts';
import { type ReadOptions, readSource } from '../reader/read.ts';
import type { OpenSource } from '../reader/source.ts';
import { type ClassTable, classTable, tableOfCodes } from './classes.ts';
import { commonNames, type FileEntry, layOut } from './layout.ts';
import type { Scene, SceneDataset } from './scene.ts';

export interface DatasetOptions extends ReadOptions {
  /**
   * Default: the names of the objects (S3DIS layout), sorted; else the codes that the files' labels have, for which every file
   * is read once.
   */
  readonly classes?: ClassTable;
  readonly signal?: AbortSignal;
}

async function codesOf(scenes: readonly Scene[], open: OpenSource, reading: ReadOptions, signal?: AbortSignal) {
  const codes = new Set<number>();
  for (const { id, parts } of scenes) {
    signal?.throwIfAborted();
    const part = parts[0] as Scene['parts'][number];
    const { labels } = await readSource(open(part.file, part.id), reading);
    if (!labels)
      throw new CloudDatasetError(
        `${id} has no column of labels. Say which it is (label: 'name'), or label the points.`,
      );
    for (const label of labels) codes.add(label);
  }
  return codes;
}

/**
 * @param where names the data set in messages
 * @throws CloudDatasetError where there is nothing to read, or areas disagree about the classes; BadCloudError
 */
export async function openDataset(
  where: string,
  entries: readonly FileEntry[],
  open: OpenSource,
  { classes: given, signal, ...reading }: DatasetOptions = {},
): Promise<SceneDataset> {
  const { scenes, names } = layOut(where, entries);
  if (given) return { scenes, classes: given, reading };
  if (names.size > 0) return { scenes, classes: classTable(commonNames(names)), reading };
  const las = scenes.every(({ id }) => /\.la[sz]$/i.test(id));
  return { scenes, classes: tableOfCodes(await codesOf(scenes, open, reading, signal), las), reading };
}
