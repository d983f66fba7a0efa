/** A scene as one cloud with class indices: from the store where it is kept, else from its files (and kept). */
import { assembleCloud } from '../cloud/assemble.ts';
import type { PointCloud } from '../cloud/cloud.ts';
import { type Columns, GrowingColumn } from '../cloud/columns.ts';
import { BadCloudError } from '../errors.ts';
import { type ReadOptions, readColumns, readSource } from '../reader/read.ts';
import type { ByteSource, OpenSource } from '../reader/source.ts';
import { storeFormat } from '../store/format.ts';
import type { CloudStore } from '../store/store.ts';
import { ignoredLabel, indexOfName, labelsOfCodes } from './classes.ts';
import { withinRegion } from './region.ts';
import type { Scene, SceneDataset } from './scene.ts';

export interface LoadOptions {
  readonly open: OpenSource;
  readonly store?: CloudStore | undefined;
}

const objectColumn = 'class of the object';

/** The objects of a room, one after another, with a column that has their classes. */
async function readObjects(
  id: string,
  parts: readonly { source: ByteSource; label: number }[],
  reading: ReadOptions,
): Promise<PointCloud> {
  let names: readonly string[] = [];
  let columns: GrowingColumn[] = [];
  const from: { row: number; id: string; where: Columns['where'] }[] = [];
  let count = 0;
  for (const { source, label } of parts) {
    const part = await readColumns(source, reading);
    if (columns.length === 0) {
      names = part.names;
      columns = [...names, objectColumn].map(() => new GrowingColumn());
    }
    if (part.names.join() !== names.join())
      throw new BadCloudError(
        source.id,
        'columns',
        `its columns are ${part.names.join(' ')}, but ${parts[0]?.source.id} has ${names.join(' ')}. All objects of a room need the same.`,
      );
    from.push({ row: count, id: source.id, where: part.where });
    for (const [c, values] of part.values.entries())
      for (let i = 0; i < part.count; i++) (columns[c] as GrowingColumn).push(values[i] as number);
    for (let i = 0; i < part.count; i++) (columns.at(-1) as GrowingColumn).push(label);
    count += part.count;
  }
  const merged: Columns = {
    names: [...names, objectColumn],
    values: columns.map((column) => column.values()),
    count,
    where(row) {
      const part = from.findLast((candidate) => candidate.row <= row);
      return part ? `${part.id}, ${part.where(row - part.row)}` : `point ${row}`;
    },
  };
  return assembleCloud(id, merged, { label: objectColumn });
}

async function readScene(
  { id, parts }: Scene,
  { classes: table, reading, unlabelled }: SceneDataset,
  sources: readonly ByteSource[],
): Promise<PointCloud> {
  if (parts[0]?.className !== undefined) {
    const objects = parts.map(({ className = '', id: file }, i) => ({
      source: sources[i] as ByteSource,
      label: indexOfName(file, className, table),
    }));
    return readObjects(id, objects, reading);
  }
  const cloud = await readSource(sources[0] as ByteSource, reading);
  if (unlabelled) return { ...cloud, labels: new Int32Array(cloud.count).fill(ignoredLabel) };
  if (!cloud.labels)
    throw new BadCloudError(
      id,
      'labels',
      `it has no column of labels; its columns: ${['x', 'y', 'z', ...Object.keys(cloud.features)].join(', ')}. Say which it is (label: 'name').`,
    );
  return { ...cloud, labels: labelsOfCodes(id, cloud.labels, table) };
}

/** @throws BadCloudError naming file, line or point; CloudDatasetError for an object whose name is no class */
export async function loadScene(scene: Scene, dataset: SceneDataset, options: LoadOptions): Promise<PointCloud> {
  const { open, store } = options;
  const { classes, reading, unlabelled = false } = dataset;
  const { region, id: name } = scene;
  const id = region ? name.slice(0, -region.text.length - 1) : name;
  const whole: Scene = { ...scene, id };
  const sources = scene.parts.map((part) => open(part.file, part.id));
  let key: string | undefined;
  if (store) {
    const digests: string[] = [];
    for (const source of sources) digests.push(await source.digest());
    const parts = scene.parts.map((part) => part.className ?? null);
    key = JSON.stringify([storeFormat, id, digests, parts, classes, reading, unlabelled], (_, value: unknown) =>
      value === Infinity ? 'Infinity' : value,
    );
  }
  const kept = key === undefined ? undefined : await store?.get(key);
  const cloud = kept ?? (await readScene(whole, dataset, sources));
  if (!kept && key !== undefined) await store?.put(key, cloud);
  return region ? { ...withinRegion(cloud, region), id: name } : cloud;
}
