/** From a list of files to scenes: the S3DIS layout (`AREA/ROOM/Annotations/CLASS_N.txt`), or a scene a file. */
import { CloudDatasetError } from '../errors.ts';
import { isCloudFile } from '../reader/read.ts';
import type { CloudFile } from '../reader/source.ts';
import type { Scene, ScenePart } from './scene.ts';

/** A file under the data set's folder. */
export interface FileEntry {
  /** Relative to the folder, with `/`. */
  readonly path: string;
  readonly file: CloudFile;
}

const object = /^(.*?)(?:^|\/)([^/]+)\/Annotations\/([^/]+?)(?:_\d+)?\.txt$/;
/** Whole names, but for licences: a cloud may well be called `valley.txt` or `train_station.txt`. */
const notACloud = /(^|\/)(readme|classes|train|val|valid|validation|test|(.*[-_ ])?licen[cs]e)\.txt$/i;
const order = new Intl.Collator('en', { numeric: true });

const areaOf = (path: string) => path.split('/').slice(0, -1).join('/');

export interface Layout {
  readonly scenes: readonly Scene[];
  /** Class names of each area, sorted; empty where files have columns of labels. */
  readonly names: ReadonlyMap<string, readonly string[]>;
}

/** @throws CloudDatasetError where there is nothing to read */
export function layOut(where: string, entries: readonly FileEntry[]): Layout {
  const sorted = [...entries].sort((a, b) => order.compare(a.path, b.path));
  const rooms = new Map<string, { area: string; parts: ScenePart[] }>();
  const names = new Map<string, Set<string>>();
  for (const { path, file } of sorted) {
    const [, above, room, className] = object.exec(path) ?? [];
    if (room === undefined || className === undefined) continue;
    const area = above ?? '';
    const id = area ? `${area}/${room}` : room;
    const known = rooms.get(id) ?? { area, parts: [] };
    known.parts.push({ id: path, file, className });
    rooms.set(id, known);
    names.set(area, (names.get(area) ?? new Set()).add(className));
  }
  const scenes: Scene[] = [...rooms].map(([id, { area, parts }]) => ({ id, area, parts }));
  // A room's folder also has the room as one text, without labels: only where there are no objects, a file is a scene.
  if (scenes.length === 0)
    for (const { path, file } of sorted)
      if (isCloudFile(path) && !notACloud.test(path))
        scenes.push({ id: path, area: areaOf(path), parts: [{ id: path, file }] });
  if (scenes.length === 0)
    throw new CloudDatasetError(
      `${where} has no clouds. Expected AREA/ROOM/Annotations/CLASS_N.txt, or files with a column of labels (ply, pcd, las, laz, txt, npy, npz, h5).`,
    );
  return { scenes, names: new Map([...names].map(([area, set]) => [area, [...set].sort(order.compare)])) };
}

/**
 * All names of all areas. An area may lack classes that another has, but where each of two has what the other lacks, a
 * misspelling is as likely as two kinds of scene.
 * @throws CloudDatasetError with both lists
 */
export function commonNames(names: ReadonlyMap<string, readonly string[]>): string[] {
  const areas = [...names];
  for (const [i, [area, own]] of areas.entries())
    for (const [other, others] of areas.slice(i + 1)) {
      const [only, lacking] = [
        own.filter((name) => !others.includes(name)),
        others.filter((name) => !own.includes(name)),
      ];
      if (only.length > 0 && lacking.length > 0)
        throw new CloudDatasetError(
          `Class names differ between areas: ${area} has ${own.join(', ')}; ${other} has ${others.join(', ')}. ` +
            'Rename the files, or say which classes there are (classes: […]).',
        );
    }
  return [...new Set(areas.flatMap(([, own]) => own))].sort(order.compare);
}
