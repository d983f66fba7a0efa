/** Batches of samples of scenes, made ahead of their use, in an order that depends on (seed, epoch) alone. */
import { ahead, type BatchSource, randomFrom } from '@dr2net/models';
import { ignoredLabel } from '../dataset/classes.ts';
import type { Scene, SceneDataset } from '../dataset/scene.ts';
import { CloudDatasetError } from '../errors.ts';
import type { OpenSource } from '../reader/source.ts';
import { type PointBatch, type SceneSample, toBatch } from './batch.ts';
import { channelsOf } from './features.ts';
import { type PointSourceOptions, settle } from './options.ts';
import { makeSample } from './sample.ts';
import { keptScenes, type PreparedScene } from './scenes.ts';

/** What is known of a scene once it has been read. */
export interface SceneInfo {
  readonly id: string;
  /** Points as read, and after thinning. */
  readonly read: number;
  readonly points: number;
}

export interface PointSource extends BatchSource<PointBatch> {
  /** Names of the classes, in the order of their indices. */
  readonly classes: readonly string[];
  /** Points of each class after thinning, ignored ones left out: for class weights. */
  readonly counts: readonly number[];
  /** Features of a point. */
  readonly channels: number;
  /** Points of a sample. */
  readonly points: number;
  readonly scenes: readonly SceneInfo[];
  /** What a person should know of how the scenes were read. */
  readonly notes: readonly string[];
  /** A scene of this source, to bring votes home and to write it: by its id. */
  scene(id: string): Promise<PreparedScene>;
}

/** One sample to make: number `number` of a scene. */
interface Item {
  readonly scene: Scene;
  readonly number: number;
}

/**
 * Reads every scene once, so that a broken one is found before the first step. Equal (seed, epoch) give equal batches, whatever
 * is cached, however many are made ahead, and from wherever the epoch is begun.
 * @throws BadCloudError, CloudDatasetError, RangeError
 */
export async function createPointSource(
  dataset: SceneDataset,
  options: PointSourceOptions,
  open: OpenSource,
): Promise<PointSource> {
  const settled = settle(options);
  const { batch, training, sampling, features, unit, dropLast } = settled;
  const channels = channelsOf(features);
  const get = keptScenes(dataset, { ...settled, open });
  const classes = dataset.classes.names;
  const counts = classes.map(() => 0);
  const items: Item[] = [];
  const scenes: SceneInfo[] = [];
  const notes: string[] = [];
  for (const [done, scene] of dataset.scenes.entries()) {
    options.signal?.throwIfAborted();
    const prepared = await get(scene);
    for (const label of prepared.cloud.labels as Int32Array)
      if (label !== ignoredLabel) counts[label] = (counts[label] as number) + 1;
    scenes.push({ id: scene.id, read: prepared.allLabels.length, points: prepared.cloud.count });
    notes.push(...prepared.cloud.notes.filter((note) => !notes.includes(note)));
    const count = training
      ? (settled.samples ?? Math.ceil(prepared.cloud.count / sampling.points))
      : prepared.cover().length;
    for (let number = 0; number < count; number++) items.push({ scene, number });
    options.onScene?.(done + 1, dataset.scenes.length);
  }
  if (!dataset.unlabelled && counts.every((count) => count === 0))
    throw new CloudDatasetError(
      `No point of the ${scenes.length} scenes has a class that counts; all are ignored. Ignore fewer codes or names.`,
    );
  const batches = dropLast ? Math.floor(items.length / batch) : Math.ceil(items.length / batch);
  if (batches === 0)
    throw new CloudDatasetError(
      `${items.length} samples make no batch of ${batch}; add scenes, or make the batch smaller.`,
    );

  async function sampleOf({ scene, number }: Item, seed: number, epoch: number): Promise<SceneSample> {
    const prepared = await get(scene);
    const own = { id: `${scene.id} #${number}`, scene: scene.id };
    if (!training) {
      const points = prepared.cover()[number] as Int32Array;
      return { ...own, ...makeSample(prepared, points, { features, unit }) };
    }
    const random = (purpose: string) => randomFrom(seed, 'sample', epoch, scene.id, number, purpose);
    const points = prepared.sampler.draw(random('centre'));
    return { ...own, ...makeSample(prepared, points, { features, unit }, { options: settled.augment, random }) };
  }

  return {
    classes,
    counts,
    channels,
    points: sampling.points,
    scenes,
    notes,
    samples: dropLast ? batches * batch : items.length,
    batches,
    async scene(id) {
      const scene = dataset.scenes.find((candidate) => candidate.id === id);
      if (!scene) throw new CloudDatasetError(`There is no scene "${id}" in this source.`);
      return get(scene);
    },
    async *epoch({ seed, epoch, from = 0, signal }) {
      const order = training ? randomFrom(seed, 'order', epoch).shuffle(items) : items;
      const make = async (number: number, stop: AbortSignal): Promise<SceneSample[]> => {
        const samples: SceneSample[] = [];
        for (const item of order.slice(number * batch, (number + 1) * batch)) {
          stop.throwIfAborted();
          samples.push(await sampleOf(item, seed, epoch));
        }
        return samples;
      };
      for await (const samples of ahead(make, from, batches, settled.prefetch, signal))
        yield toBatch(samples, channels);
    },
  };
}
