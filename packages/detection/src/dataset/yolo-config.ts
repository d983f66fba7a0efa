/** What a YOLO data set says of itself: `data.yaml` (names, folders of the splits) or `classes.txt`. */
import { parse } from 'yaml';
import { BadAnnotationError } from '../errors.ts';
import type { FileEntry } from '../files/files.ts';
import { baseOf } from '../files/image-index.ts';
import { arrayAt, inWords, objectAt, textAt } from './fields.ts';
import { type Reading, readText } from './reading.ts';

export interface YoloConfig {
  /** Class names by number; undefined where no file says them. */
  readonly names: readonly string[] | undefined;
  /** Folders or lists of images, relative to the data set's folder, by split. */
  readonly splits: ReadonlyMap<string, readonly string[]>;
}

export const isYoloConfig = (path: string): boolean => /(^|\/)(data|dataset)\.ya?ml$/i.test(path);
export const isClassList = (path: string): boolean => /(^|\/)(classes|obj|_darknet)\.(txt|names|labels)$/i.test(path);

function namesAt(value: unknown, path: string): readonly string[] {
  if (Array.isArray(value))
    return value.map((name, i) => String(typeof name === 'number' ? name : textAt(name, `${path}[${i}]`)));
  const table = objectAt(value, path, 'a list of names, or a table from numbers to names');
  const numbers = Object.keys(table)
    .map(Number)
    .sort((a, b) => a - b);
  return numbers.map((number, i) => {
    if (number !== i)
      throw new BadAnnotationError(path, `there is no name for class ${i}. Number the classes from 0 on.`);
    return textAt(table[number], `${path}.${number}`);
  });
}

/** Paths in data.yaml are relative to it or to its `path`; those of other machines are led back to this folder. */
function foldersAt(value: unknown, path: string): string[] {
  const folders = typeof value === 'string' ? [value] : arrayAt(value, path);
  return folders.map((folder, i) =>
    textAt(folder, `${path}[${i}]`)
      .replaceAll('\\', '/')
      .replace(/^(\.{0,2}\/)+/, '')
      .replace(/\/+$/, ''),
  );
}

async function ofYaml(entry: FileEntry, reading: Reading): Promise<YoloConfig> {
  let value: unknown;
  try {
    value = parse(await readText(entry, reading.read));
  } catch (error) {
    throw new BadAnnotationError(entry.path, `it is no YAML (${error instanceof Error ? error.message : error}).`);
  }
  const config = objectAt(value, entry.path, 'a table with names, train and val');
  const splits = new Map<string, readonly string[]>();
  for (const split of ['train', 'val', 'test'])
    if (config[split] !== undefined && config[split] !== null && config[split] !== '')
      splits.set(split, foldersAt(config[split], `${entry.path}: ${split}`));
  if (config.names === undefined)
    throw new BadAnnotationError(`${entry.path}: names`, `it is ${inWords(undefined)}; it must list the classes.`);
  return { names: namesAt(config.names, `${entry.path}: names`), splits };
}

/** @throws BadAnnotationError where a field is wrong */
export async function yoloConfig(reading: Reading): Promise<YoloConfig> {
  const byDepth = [...reading.entries].sort((a, b) => a.path.split('/').length - b.path.split('/').length);
  const yaml = byDepth.find(({ path }) => isYoloConfig(path));
  if (yaml) return ofYaml(yaml, reading);
  const list = byDepth.find(({ path }) => isClassList(path));
  if (!list) return { names: undefined, splits: new Map() };
  const lines = (await readText(list, reading.read)).split(/\r?\n/).map((line) => line.trim());
  const names = lines.filter((line) => line !== '');
  if (names.length === 0)
    throw new BadAnnotationError(list.path, `${baseOf(list.path)} has no name. Write one on each line.`);
  return { names, splits: new Map() };
}
