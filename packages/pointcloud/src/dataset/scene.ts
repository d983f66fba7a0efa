/** Scenes and sets of them: files that are read when they are needed. */
import type { ReadOptions } from '../reader/read.ts';
import type { CloudFile } from '../reader/source.ts';
import type { ClassTable } from './classes.ts';
import type { Region } from './region.ts';

/** One file of a scene. */
export interface ScenePart {
  /** What messages call it. */
  readonly id: string;
  readonly file: CloudFile;
  /** The class of all its points (S3DIS layout); absent where the file has a column of labels. */
  readonly className?: string;
}

/** A file, or a region of one, that is read when it is needed. */
export interface Scene {
  /** Unique in its data set; with a region, the region's words behind it. */
  readonly id: string;
  /** The folder above; splits by area go by it. */
  readonly area: string;
  readonly parts: readonly ScenePart[];
  /** The part of space that is taken; all where absent. */
  readonly region?: Region;
}

/** Scenes with their classes. */
export interface SceneDataset {
  readonly scenes: readonly Scene[];
  readonly classes: ClassTable;
  /** How the files are read. */
  readonly reading: ReadOptions;
  /** Labels, where files have any, are not read: all points are ignored, for prediction. */
  readonly unlabelled?: boolean;
}

/** Files whose classes are to be found: a scene each. */
export function unlabelledScenes(
  files: readonly { readonly path: string; readonly file: CloudFile }[],
  classes: ClassTable,
  reading: ReadOptions = {},
): SceneDataset {
  const scenes = files.map(({ path, file }) => ({ id: path, area: '', parts: [{ id: path, file }] }));
  return { scenes, classes, reading: { ...reading, label: false }, unlabelled: true };
}
