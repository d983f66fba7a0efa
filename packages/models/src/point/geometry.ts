/** What follows from the positions of a batch alone: samples, neighbours and weights, found once on the host, before the network runs. */
import type { Groups } from '@dr2net/layers';
import {
  ballQuery,
  farthestPoints,
  groupingMap,
  interpolationMap,
  nearestPoints,
  type Points,
  type PointTree,
  type RowMap,
  searchTree,
  threeNearest,
} from '@dr2net/ops';
import { ModelOptionError } from '../errors.ts';
import { pointLevels } from './levels.ts';
import type { PointSpec } from './spec.ts';

/** Samples, neighbours and weights of a batch of clouds: all that follows from positions alone. */
export interface PointGeometry {
  readonly batch: number;
  /** Points of a cloud. */
  readonly points: number;
  /** Groups that become tokens, of a cloud. */
  readonly groups: number;
  readonly stages: readonly Groups[];
  /** [batch·groups·3] */
  readonly centres: Points;
  /** Of each stage of the decoder: features of the coarser points → of its own. */
  readonly decoder: readonly RowMap[];
}

/** A cloud, and its tree once it is searched: a level is sampled, grouped and interpolated from. */
class Cloud {
  #tree: PointTree | undefined;

  constructor(readonly points: Points) {}

  get count(): number {
    return this.points.length / 3;
  }

  get tree(): PointTree {
    this.#tree ??= searchTree(this.points);
    return this.#tree;
  }
}

function pick(points: Points, indices: Int32Array): Points {
  return Float32Array.from(
    { length: 3 * indices.length },
    (_, i) => points[3 * indices[Math.floor(i / 3)]! + (i % 3)]!,
  );
}

/** What a cloud is sampled to, and which of its points that are. */
interface Sample {
  readonly cloud: Cloud;
  readonly chosen: Int32Array;
}

function sample(cloud: Cloud, count: number): Sample {
  const chosen = farthestPoints(cloud.points, count, 0, cloud.tree);
  return { cloud: new Cloud(pick(cloud.points, chosen)), chosen };
}

const join = (parts: readonly Int32Array[], step: number) =>
  Int32Array.from({ length: parts.reduce((sum, { length }) => sum + length, 0) }, (_, i) => {
    const each = parts[0]!.length;
    return parts[Math.floor(i / each)]![i % each]! + step * Math.floor(i / each);
  });

function groupsOf(spec: PointSpec, clouds: readonly Cloud[], samples: readonly Sample[]): Groups {
  const { size, radius, features } = spec.embed;
  const neighbours = clouds.map(({ points, tree }, b) => {
    const centres = samples[b]!.cloud.points;
    return radius === null
      ? nearestPoints(points, centres, size, tree).indices
      : ballQuery(points, centres, { radius, count: size, tree });
  });
  const offsets = new Float32Array(3 * neighbours.length * neighbours[0]!.length);
  let at = 0;
  neighbours.forEach((indices, b) => {
    indices.forEach((index, i) => {
      for (let axis = 0; axis < 3; axis++)
        offsets[at++] =
          clouds[b]!.points[3 * index + axis]! - samples[b]!.cloud.points[3 * Math.floor(i / size) + axis]!;
    });
  });
  const points = clouds[0]!.count;
  const centres =
    features === 'dp_df'
      ? join(
          samples.map(({ chosen }) => chosen),
          points,
        )
      : undefined;
  const map = groupingMap({
    points: points * clouds.length,
    size,
    neighbours: join(neighbours, points),
    ...(centres && { centres }),
  });
  return { map, offsets, size };
}

function upwards(fine: readonly Cloud[], coarse: readonly Cloud[]): RowMap {
  const found = fine.map(({ points }, b) => threeNearest(coarse[b]!.points, points, coarse[b]!.tree));
  const known = coarse[0]!.count;
  const weights = new Float32Array(found.length * found[0]!.weights.length);
  for (const [b, { weights: each }] of found.entries()) weights.set(each, b * each.length);
  return interpolationMap(
    known * coarse.length,
    join(
      found.map(({ indices }) => indices),
      known,
    ),
    weights,
  );
}

/**
 * Samples, neighbours and weights of a batch of clouds, found on the host.
 * @param positions [batch·points·3], clouds one after the other
 * @throws {PointCloudError | ModelOptionError} no points, too few for the groups, or positions that are not finite
 */
export function pointGeometry(spec: PointSpec, positions: Points, batch: number): PointGeometry {
  const each = positions.length / batch;
  if (!Number.isInteger(batch) || batch < 1 || !Number.isInteger(each / 3))
    throw new ModelOptionError(
      `pointGeometry: ${positions.length} numbers are no ${batch} clouds of the same size; give x, y, z of each point.`,
    );
  const counts = pointLevels(spec, each / 3);
  const clouds = Array.from({ length: batch }, (_, b) => new Cloud(positions.subarray(b * each, (b + 1) * each)));
  const levels: Cloud[][] = [clouds];
  const stages: Groups[] = [];
  for (let i = 0; i < spec.embed.stages; i++) {
    const above = levels[i]!;
    const samples = above.map((cloud) => sample(cloud, counts.embed[i + 1]!));
    stages.push(groupsOf(spec, above, samples));
    levels.push(samples.map(({ cloud }) => cloud));
  }
  const centres = levels.at(-1)!;
  const { decoder } = spec;
  const fine: Cloud[][] = decoder.progressive ? levels.slice(0, -1) : [clouds];
  while (fine.length < decoder.stages) {
    const count = counts.decoder[fine.length]!;
    fine.push(fine.at(-1)!.map((cloud) => sample(cloud, count).cloud));
  }
  const all = [...fine, centres];
  const joined = new Float32Array(3 * batch * centres[0]!.count);
  for (const [b, { points }] of centres.entries()) joined.set(points, b * points.length);
  return {
    batch,
    points: each / 3,
    groups: centres[0]!.count,
    stages,
    centres: joined,
    decoder: fine.map((below, i) => upwards(below, all[i + 1]!)),
  };
}
