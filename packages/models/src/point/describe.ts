/** What a segmenter's folder holds, by its configuration and the header of its weights; no weights are read. */
import type { SavedTraining } from '../backbone.ts';
import { openCheckpoint } from '../checkpoint/checkpoint.ts';
import type { ModelSource } from '../files/chosen-folder.ts';
import { readConfig } from '../files/config-files.ts';
import { openSource, type SourceOptions } from '../files/source.ts';
import { readOwnConfig } from '../own-config.ts';
import { counterKeys, planPoints } from './plan.ts';
import { type PointSpec, readPointSpec } from './spec.ts';
import { savedShift } from './store.ts';

/** What a segmenter's folder holds, without its weights. */
export interface SegmenterDescription {
  readonly spec: PointSpec;
  readonly config: Readonly<Record<string, unknown>>;
  /** null when it was not trained by this project. */
  readonly training: SavedTraining | null;
  /** What the configuration needs and learns; BatchNorm's running statistics are not among it. */
  readonly parameters: { readonly tensors: number; readonly count: number };
  /** Tensors that the configuration needs and the weights lack. */
  readonly missing: readonly string[];
  /** Tensors of other shapes than the configuration needs. */
  readonly misshapen: readonly {
    readonly key: string;
    readonly shape: readonly number[];
    readonly needed: readonly number[];
  }[];
  /** Tensors that nothing is made of. */
  readonly unused: readonly string[];
}

const sizeOf = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);

/**
 * What a segmenter's folder holds, without reading its weights.
 * @param source a folder (Node), an http(s) address of one, or a hub id
 * @throws {ModelSourceError | ConfigError | CheckpointError}
 */
export async function describeSegmenter(
  source: ModelSource,
  options: SourceOptions = {},
): Promise<SegmenterDescription> {
  const files = await openSource(source, options);
  const config = await readConfig(files);
  const spec = { ...readPointSpec(config), ...savedShift(config) };
  const { entries } = await openCheckpoint(files);
  const needed = planPoints(spec).flatMap(({ layout }) =>
    layout.flatMap(({ key, shape }) => (key ? [{ key, shape }] : [])),
  );
  const learned = needed.filter(({ key }) => !/\.running_(mean|var)$/.test(key));
  const keys = new Set([...needed.map(({ key }) => key), ...counterKeys(spec)]);
  return {
    spec,
    config: config.json,
    training: readOwnConfig(config).training,
    parameters: { tensors: learned.length, count: learned.reduce((sum, { shape }) => sum + sizeOf(shape), 0) },
    missing: needed.flatMap(({ key }) => (entries.has(key) ? [] : [key])),
    misshapen: needed.flatMap(({ key, shape: wanted }) => {
      const shape = entries.get(key)?.shape;
      return shape && shape.join() !== wanted.join() ? [{ key, shape, needed: wanted }] : [];
    }),
    unused: [...entries.keys()].filter((key) => !keys.has(key)).sort(),
  };
}
