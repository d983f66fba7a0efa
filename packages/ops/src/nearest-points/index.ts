/** The k nearest points (kNN), and the weights of three-nearest-neighbour interpolation (PointNet++, arXiv 1706.02413). */
import { checkCount, type Points, pointCount } from '../point-tree/cloud.ts';
import { type PointTree, treeOf } from '../point-tree/tree.ts';
import { Best, visitNearest } from '../point-tree/visit.ts';

/** Of each query k neighbours, nearest first; on ties the lowest index first. */
export interface Nearest {
  /** [queries·k], in 0 … points − 1 */
  readonly indices: Int32Array;
  /** [queries·k], Euclidean, in the points' unit */
  readonly distances: Float32Array;
}

function search(tree: PointTree, queries: Points, k: number, visit: (query: number, best: Best) => void): void {
  for (let q = 0; q < queries.length / 3; q++) {
    const best = new Best(k);
    visitNearest(tree, best, queries[3 * q]!, queries[3 * q + 1]!, queries[3 * q + 2]!);
    visit(q, best);
  }
}

/**
 * The k nearest of `points` to each of `queries`, both one cloud [n·3].
 * @param k 1 … points
 * @param known the points' tree, where the caller has it
 * @throws PointCloudError
 */
export function nearestPoints(points: Points, queries: Points, k: number, known?: PointTree): Nearest {
  checkCount('nearestPoints', 'k', k, pointCount('nearestPoints', 'points', points));
  const count = pointCount('nearestPoints', 'queries', queries);
  const indices = new Int32Array(count * k);
  const distances = new Float32Array(count * k);
  search(treeOf('nearestPoints', points, known), queries, k, (q, best) => {
    indices.set(best.indices, q * k);
    for (let i = 0; i < k; i++) distances[q * k + i] = Math.sqrt(best.keys[i]!);
  });
  return { indices, distances };
}

/** Three nearest points of each query, and what each counts. */
export interface ThreeNearest extends Nearest {
  /** [queries·3], each triple adds up to 1 */
  readonly weights: Float32Array;
}

/**
 * The three nearest of the `known` points to each query with weights 1/(distance + 1e-8), normalised. Where fewer than three are known,
 * the missing ones have distance −1, index 0 and weight 0.
 * @param tree of the known points, where the caller has it
 * @throws PointCloudError
 */
export function threeNearest(known: Points, queries: Points, tree?: PointTree): ThreeNearest {
  const k = Math.min(3, pointCount('threeNearest', 'known', known));
  const count = pointCount('threeNearest', 'queries', queries);
  const indices = new Int32Array(count * 3);
  const distances = new Float32Array(count * 3).fill(-1);
  const weights = new Float32Array(count * 3);
  search(treeOf('threeNearest', known, tree), queries, k, (q, best) => {
    const inverse = Array.from(best.keys, (squared) => 1 / (Math.sqrt(squared) + 1e-8));
    const total = inverse.reduce((sum, value) => sum + value, 0);
    for (let i = 0; i < k; i++) {
      indices[3 * q + i] = best.indices[i]!;
      distances[3 * q + i] = Math.sqrt(best.keys[i]!);
      weights[3 * q + i] = inverse[i]! / total;
    }
  });
  return { indices, distances, weights };
}
