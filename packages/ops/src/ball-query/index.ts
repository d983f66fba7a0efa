/** Ball query (PointNet++, arXiv 1706.02413): neighbours within a radius. */
import { PointCloudError, type Points, pointCount } from '../point-tree/cloud.ts';
import { type PointTree, treeOf } from '../point-tree/tree.ts';
import { Best, visitBall } from '../point-tree/visit.ts';

/** Which neighbours {@link ballQuery} finds. */
export interface BallOptions {
  /** > 0, in the points' unit; a point at exactly this distance is outside. */
  readonly radius: number;
  /** Neighbours of each query, ≥ 1. */
  readonly count: number;
  /** The points' tree, where the caller has it. */
  readonly tree?: PointTree;
}

/**
 * Of each query the first `count` points within the radius, in the order of their indices: [queries·count]. Where there are fewer, the
 * first one is repeated; where there is none, all are 0.
 * @throws PointCloudError
 */
export function ballQuery(points: Points, queries: Points, { radius, count, tree: known }: BallOptions): Int32Array {
  pointCount('ballQuery', 'points', points);
  const size = pointCount('ballQuery', 'queries', queries);
  if (!(radius > 0)) throw new PointCloudError(`ballQuery: radius is ${radius}; it must be greater than 0.`);
  if (!Number.isInteger(count) || count < 1)
    throw new PointCloudError(`ballQuery: count is ${count}; it must be a whole number of 1 or more.`);
  const tree = treeOf('ballQuery', points, known);
  const indices = new Int32Array(size * count);
  for (let q = 0; q < size; q++) {
    const best = new Best(count);
    visitBall(tree, best, radius * radius, queries[3 * q]!, queries[3 * q + 1]!, queries[3 * q + 2]!);
    const found = best.indices.subarray(0, best.count);
    indices.fill(found[0] ?? 0, q * count, (q + 1) * count);
    indices.set(found, q * count);
  }
  return indices;
}
