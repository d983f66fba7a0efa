/** What follows from the positions of a batch alone: samples, neighbours and weights, found once on the host, before the network runs. */
import type { Groups } from '@dr2net/layers';
import {
  ballQuery,
  farthestPoints,
  groupingMap,
  interpolationMap,
  nearestPoints,
  type Points,
  type RowMap,
  threeNearest,
} from '@dr2net/ops';
import { ModelOptionError } from '../errors.ts';
import type { PointSpec } from './spec.ts';

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

function pick(points: Points, indices: Int32Array): Points {
  return Float32Array.from(
    { length: 3 * indices.length },
    (_, i) => points[3 * indices[Math.floor(i / 3)]! + (i % 3)]!,
  );
}

/** One cloud's levels: the points of each stage, and of each but the first the indices in the one before. */
interface Level {
  readonly points: Points;
  readonly chosen: Int32Array;
}

function sample(points: Points, count: number, what: string): Level {
  if (count < 1)
    throw new ModelOptionError(`${what}: ${points.length / 3} points leave no group; give the cloud more points.`);
  const chosen = farthestPoints(points, count);
  return { points: pick(points, chosen), chosen };
}

const join = (parts: readonly Int32Array[], step: number) =>
  Int32Array.from({ length: parts.reduce((sum, { length }) => sum + length, 0) }, (_, i) => {
    const each = parts[0]!.length;
    return parts[Math.floor(i / each)]![i % each]! + step * Math.floor(i / each);
  });

function groupsOf(spec: PointSpec, clouds: readonly Points[], levels: readonly Level[]): Groups {
  const { size, radius, features } = spec.embed;
  const neighbours = clouds.map((cloud, b) => {
    const centres = levels[b]!.points;
    return radius === null
      ? nearestPoints(cloud, centres, size).indices
      : ballQuery(cloud, centres, { radius, count: size });
  });
  const offsets = new Float32Array(3 * neighbours.length * neighbours[0]!.length);
  let at = 0;
  neighbours.forEach((indices, b) => {
    indices.forEach((index, i) => {
      for (let axis = 0; axis < 3; axis++)
        offsets[at++] = clouds[b]![3 * index + axis]! - levels[b]!.points[3 * Math.floor(i / size) + axis]!;
    });
  });
  const points = clouds[0]!.length / 3;
  const centres =
    features === 'dp_df'
      ? join(
          levels.map(({ chosen }) => chosen),
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

function upwards(fine: readonly Points[], coarse: readonly Points[]): RowMap {
  const found = fine.map((points, b) => threeNearest(coarse[b]!, points));
  const known = coarse[0]!.length / 3;
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
 * @param positions [batch·points·3], clouds one after the other
 * @throws {PointCloudError | ModelOptionError} no points, too few for the groups, or positions that are not finite
 */
export function pointGeometry(spec: PointSpec, positions: Points, batch: number): PointGeometry {
  const each = positions.length / batch;
  if (!Number.isInteger(batch) || batch < 1 || !Number.isInteger(each / 3))
    throw new ModelOptionError(
      `pointGeometry: ${positions.length} numbers are no ${batch} clouds of the same size; give x, y, z of each point.`,
    );
  const levels: Points[][] = [Array.from({ length: batch }, (_, b) => positions.subarray(b * each, (b + 1) * each))];
  const stages: Groups[] = [];
  for (let i = 0; i < spec.embed.stages; i++) {
    const clouds = levels[i]!;
    const count = Math.floor((clouds[0]!.length / 3) * spec.embed.ratio);
    const chosen = clouds.map((cloud) => sample(cloud, count, `Stage ${i} of the embedding`));
    stages.push(groupsOf(spec, clouds, chosen));
    levels.push(chosen.map(({ points }) => points));
  }
  const centres = levels.at(-1)!;
  const { decoder } = spec;
  const fine: Points[][] = decoder.progressive ? levels.slice(0, -1) : [levels[0]!];
  while (fine.length < decoder.stages) {
    const last = fine.at(-1)!;
    const count = Math.floor(last[0]!.length / 3 / decoder.scale);
    fine.push(last.map((cloud) => sample(cloud, count, 'The decoder').points));
  }
  const all = [...fine, centres];
  const joined = new Float32Array(batch * centres[0]!.length);
  for (const [b, points] of centres.entries()) joined.set(points, b * points.length);
  return {
    batch,
    points: each / 3,
    groups: centres[0]!.length / 3,
    stages,
    centres: joined,
    decoder: fine.map((points, i) => upwards(points, all[i + 1]!)),
  };
}
