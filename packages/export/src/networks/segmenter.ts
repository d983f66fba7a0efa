/**
 * A segmenter of point clouds: features of points to logits. Which points are sampled and which are neighbours follows from positions
 * alone and is found before the network runs (`pointGeometry` of `@dr2net/models`); the file takes it as lists.
 */
import { applySegmenter, type PointGeometry, type PointSegmenter, pointGeometry, randomFrom } from '@dr2net/models';
import { inference } from '@dr2net/ops';
import type { ExportedNetwork, NetworkInput, NetworkNumbers } from '../network.ts';
import { metadata, type TrainedCoefficients } from './metadata.ts';
import { noise } from './noise.ts';

/** A segmenter of point clouds with the coefficients it was trained with. */
export interface SegmenterToExport extends TrainedCoefficients {
  readonly segmenter: PointSegmenter;
  /** Points of a sample. */
  readonly points: number;
  /** Names of the classes, in the order of the logits. */
  readonly labels?: readonly string[];
  /** What else the metadata say, such as how clouds become samples. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** The lists of a geometry, as the file takes them: the arrays themselves. */
export function geometryLists({ centres, stages, decoder }: PointGeometry): NetworkNumbers {
  const lists: Record<string, Float32Array | Int32Array> = { centres: centres as Float32Array };
  for (const [i, { map, offsets }] of stages.entries()) {
    lists[`stage${i}.neighbours`] = map.forward.sources;
    lists[`stage${i}.offsets`] = offsets;
  }
  for (const [i, { forward }] of decoder.entries()) {
    lists[`decoder${i}.neighbours`] = forward.sources;
    lists[`decoder${i}.weights`] = forward.weights;
  }
  return lists;
}

function description(name: string): string {
  if (name === 'centres') return 'positions of the centres of the last groups, [samples · groups · 3]';
  if (name.endsWith('.offsets')) return 'positions of the neighbours from their centre, [groups · size · 3]';
  if (name.endsWith('.weights')) return 'weights of the three nearest coarser points, [points · 3]';
  return name.startsWith('stage')
    ? 'rows of the neighbours of each group, with dp_df each followed by its centre’s'
    : 'rows of the three nearest coarser points, [points · 3]';
}

/** A list as an input. */
const list = (name: string, numbers: Float32Array | Int32Array): NetworkInput => ({
  name,
  shape: null,
  dtype: numbers instanceof Int32Array ? 'int32' : 'float32',
  description: description(name),
});

/** Clouds of a unit cube. */
function cloud(points: number, batch: number, seed: number): Float32Array {
  const random = randomFrom(seed, 'positions');
  return Float32Array.from({ length: 3 * points * batch }, () => random());
}

/**
 * features [batch, points, channels] and the lists of {@link geometryLists} → logits [batch, points, classes].
 * @param model borrowed
 * @throws ModelOptionError for so few points that they make no groups
 */
export function segmenterNetwork({
  segmenter,
  points,
  labels,
  more = {},
  ...trained
}: SegmenterToExport): ExportedNetwork {
  const { spec } = segmenter;
  const geometryOf = (batch: number, seed: number) => pointGeometry(spec, cloud(points, batch, seed), batch);
  // The geometries of the examples, by the lists that were given out.
  const known = new WeakMap<object, PointGeometry>();
  const lists = geometryLists(geometryOf(1, 0));
  return {
    name: 'pointvit',
    batch: 1,
    inputs: [
      {
        name: 'features',
        shape: [points, spec.channels],
        dtype: 'float32',
        description: `features of the points of samples [batch, ${points}, ${spec.channels}]`,
      },
      ...Object.entries(lists).map(([name, numbers]) => list(name, numbers)),
    ],
    outputs: { logits: `[batch, ${points}, ${spec.head.classes}]; their softmax are the probabilities of the classes` },
    parameters: segmenter.parameters,
    metadata: metadata(
      { ...trained, task: 'pointcloud', architecture: 'pointvit', ...(labels && { labels }) },
      { points, embed: spec.embed, decoder: spec.decoder, ...more },
    ),
    example(batch, seed) {
      const geometry = geometryOf(batch, seed);
      const given = geometryLists(geometry);
      known.set(given.centres!, geometry);
      return { features: noise(batch * points * spec.channels, seed), ...given };
    },
    apply({ features }, given) {
      const geometry = known.get(given.centres!);
      if (!geometry) throw new Error('A segmenter is exported by the lists of its own example.');
      return { logits: applySegmenter(segmenter, features!, geometry, { ...trained, context: inference }) };
    },
  };
}
