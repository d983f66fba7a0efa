/** From `--data` and the splits to scenes: which are trained on, which are tested on. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { randomFrom } from '@dr2net/models';
import {
  type ClassTable,
  parseClasses,
  readScenes,
  regionsMeet,
  type SceneDataset,
  selectScenes,
} from '@dr2net/pointcloud';
import { UsageError } from '../../errors.ts';
import { defaultValShare, requireNoShare, wanted } from '../val-share.ts';
import type { ReadingOptions } from './options.ts';

export interface SceneOptions extends ReadingOptions {
  readonly data: string;
  readonly classes?: readonly string[];
  readonly ignore?: readonly string[];
}

export interface SplitOptions {
  readonly val?: string;
  readonly valShare?: number;
  readonly trainSplit?: string;
  readonly valSplit?: string;
  readonly trainScenes?: readonly string[];
  readonly valScenes?: readonly string[];
  readonly seed: number;
}

export interface SceneData {
  readonly train: SceneDataset;
  /** Absent with `--val-share 0`. */
  readonly validation?: SceneDataset;
  /** How the two were parted, in words. */
  readonly parted: string;
}

/** The options of reading, as the reader takes them. */
export function readingOf({ labelColumn, columns }: ReadingOptions) {
  return { ...(labelColumn === undefined ? {} : { label: labelColumn }), ...(columns ? { columns } : {}) };
}

/**
 * A table of classes in words, `stem=1,leaf=2-`.
 * @throws UsageError for names to ignore without the names that are left
 */
function tableOf({ classes, ignore }: Pick<SceneOptions, 'classes' | 'ignore'>): ClassTable | undefined {
  if (ignore && !classes)
    throw new UsageError(`--ignore ${ignore.join(',')} needs the classes that are left: --classes tree,ground.`);
  return classes && parseClasses(classes.join(','), ignore);
}

async function hasList(folder: string, name: string): Promise<boolean> {
  return (await stat(join(folder, `${name}.txt`)).catch(() => undefined))?.isFile() ?? false;
}

async function listOf(
  folder: string,
  asked: string | undefined,
  usual: readonly string[],
): Promise<string | undefined> {
  if (asked !== undefined) return asked;
  for (const name of usual) if (await hasList(folder, name)) return name;
  return undefined;
}

/** Scenes of a data set by lines as `--train-scenes` gives them, or by a list in its folder; all where neither is there. */
async function scenesOf(
  all: SceneDataset,
  path: string,
  reading: Parameters<typeof readScenes>[1],
  { scenes, split }: { readonly scenes: readonly string[] | undefined; readonly split: string | undefined },
): Promise<SceneDataset> {
  if (scenes) return selectScenes(all, scenes);
  return split === undefined ? all : readScenes(path, { ...reading, classes: all.classes, split });
}

/**
 * Validation scenes are those of `--val`; else those named by `--val-scenes` or a list; else a share of the scenes.
 * @throws UsageError, and the errors of reading
 */
export async function readTrainingScenes(options: SceneOptions & SplitOptions): Promise<SceneData> {
  const { data, val, valShare, seed, trainScenes, valScenes } = options;
  if (trainScenes && options.trainSplit !== undefined)
    throw new UsageError('--train-scenes and --train-split: give one of them.');
  if (valScenes && options.valSplit !== undefined)
    throw new UsageError('--val-scenes and --val-split: give one of them.');
  const classes = tableOf(options);
  const reading = { ...readingOf(options), ...(classes ? { classes } : {}) };
  const all = await readScenes(data, reading);
  const trainSplit = trainScenes ? undefined : await listOf(data, options.trainSplit, ['train']);
  const train = await scenesOf(all, data, reading, { scenes: trainScenes, split: trainSplit });
  if (val !== undefined) {
    const theirs = await readScenes(val, { ...reading, classes: all.classes });
    const split = valScenes ? undefined : await listOf(val, options.valSplit, ['val', 'validation', 'test']);
    const validation = await scenesOf(theirs, val, reading, { scenes: valScenes, split });
    requireNoShare(valShare, `--val ${val}`);
    return { train, validation, parted: `--val ${val}` };
  }
  const valSplit = valScenes ? undefined : await listOf(data, options.valSplit, ['val', 'validation', 'test']);
  if (valScenes || (valSplit !== undefined && wanted(options.valSplit, valShare))) {
    const validation = await scenesOf(all, data, reading, { scenes: valScenes, split: valSplit });
    const parted = valScenes ? '--val-scenes' : `lists in ${data}`;
    requireNoShare(valShare, parted);
    return apart(train, validation, parted);
  }
  const share = valShare ?? defaultValShare;
  if (share === 0) return { train, parted: 'no validation (--val-share 0)' };
  return heldOut(train, share, seed);
}

/**
 * Training and validation must not share a scene, unless bounds part it.
 * @throws UsageError where they share points
 */
function apart(train: SceneDataset, validation: SceneDataset, parted: string): SceneData {
  const ids = new Set(validation.scenes.map(({ id }) => id));
  // Where only the validation scenes are named, the others are trained on.
  const rest = train.scenes.filter(({ id }) => !ids.has(id));
  if (rest.length === 0)
    throw new UsageError(
      `All scenes (${[...ids].slice(0, 6).join(', ')}) validate, and none is left to train on. Give --train-scenes, or bounds: --train-scenes "NAME x<-10" --val-scenes "NAME x>=-10".`,
    );
  for (const scene of rest) {
    const other = validation.scenes.find(
      ({ parts, region }) => parts[0]?.id === scene.parts[0]?.id && regionsMeet(region, scene.region),
    );
    if (other)
      throw new UsageError(
        `"${scene.id}" is trained on and "${other.id}" validates: points would be in both. Part them by bounds: --train-scenes "NAME x<-10" --val-scenes "NAME x>=-10".`,
      );
  }
  return { train: { ...train, scenes: rest }, validation, parted };
}

function heldOut(all: SceneDataset, share: number, seed: number): SceneData {
  if (all.scenes.length < 2)
    throw new UsageError(
      `There is one scene, ${all.scenes[0]?.id}, and nothing to validate on. Part it by bounds (--train-scenes "NAME x<-10" --val-scenes "NAME x>=-10"), give --val, or train without (--val-share 0).`,
    );
  const count = Math.min(all.scenes.length - 1, Math.max(1, Math.round(share * all.scenes.length)));
  const held = new Set(
    randomFrom(seed, 'validation')
      .shuffle([...all.scenes])
      .slice(0, count),
  );
  return {
    train: { ...all, scenes: all.scenes.filter((scene) => !held.has(scene)) },
    validation: { ...all, scenes: all.scenes.filter((scene) => held.has(scene)) },
    parted: `${100 * share} % of the scenes held out`,
  };
}

/**
 * The scenes to evaluate, with the model's classes.
 * @throws UsageError where the data have other classes
 */
export async function readEvaluationScenes(
  options: SceneOptions & { readonly split?: string; readonly scenes?: readonly string[] },
  labels: readonly string[],
  saved: ClassTable | undefined,
): Promise<SceneDataset> {
  const { data, split, scenes } = options;
  if (split !== undefined && scenes) throw new UsageError('--split and --scenes: give one of them.');
  const given = tableOf(options) ?? saved;
  const reading = readingOf(options);
  const all = await readScenes(data, { ...reading, ...(given ? { classes: given } : {}) });
  const names = all.classes.names;
  if (names.length !== labels.length || names.some((name, k) => name !== labels[k]))
    throw new UsageError(
      `${data} has the classes ${names.join(', ')}, the model ${labels.join(', ')}. Say by --classes which codes are the model's classes.`,
    );
  const list = scenes ? undefined : await listOf(data, split, ['val', 'validation', 'test']);
  return scenesOf(all, data, { ...reading, classes: all.classes }, { scenes, split: list });
}
