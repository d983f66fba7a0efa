/**
 * Farthest point sampling (Eldar et al. 1997; PointNet++, arXiv 1706.02413): each next point is the one farthest from all chosen before.
 * Exact: a node of the tree is passed over when no point of it can come nearer to the chosen ones.
 */
import { checkCount, PointCloudError, type Points, pointCount } from '../point-tree/cloud.ts';
import { type PointTree, treeOf } from '../point-tree/tree.ts';

/** Squared distances to the nearest chosen point, and each node's farthest point. */
class Distances {
  private readonly nearest: Float64Array;
  private readonly farthest: Float64Array;
  /** The place in the tree's order of a node's farthest point. */
  private readonly place: Int32Array;

  constructor(private readonly tree: PointTree) {
    this.nearest = new Float64Array(tree.order.length).fill(Infinity);
    this.farthest = new Float64Array(tree.nodes).fill(Infinity);
    this.place = new Int32Array(tree.nodes);
  }

  /** The place of the farthest point; of several, the one of lowest index. */
  get next(): number {
    return this.place[0]!;
  }

  /** A point was chosen. */
  choose(x: number, y: number, z: number, node = 0): void {
    const { tree } = this;
    if (tree.toBox(node, x, y, z) >= this.farthest[node]!) return;
    if (node >= tree.firstLeaf) {
      this.measure(node, x, y, z);
      return;
    }
    const [left, right] = [2 * node + 1, 2 * node + 2];
    this.choose(x, y, z, left);
    this.choose(x, y, z, right);
    const [a, b] = [this.farthest[left]!, this.farthest[right]!];
    const indexOf = (child: number) => tree.order[this.place[child]!]!;
    const child = a > b || (a === b && indexOf(left) < indexOf(right)) ? left : right;
    this.farthest[node] = this.farthest[child]!;
    this.place[node] = this.place[child]!;
  }

  private measure(node: number, x: number, y: number, z: number): void {
    const { begin, end, coordinates: c } = this.tree;
    let [most, place] = [-1, begin[node]!];
    for (let i = begin[node]!; i < end[node]!; i++) {
      const [dx, dy, dz] = [c[3 * i]! - x, c[3 * i + 1]! - y, c[3 * i + 2]! - z];
      const distance = dx * dx + dy * dy + dz * dz;
      if (distance < this.nearest[i]!) this.nearest[i] = distance;
      // A leaf's points are in the order of their indices.
      if (this.nearest[i]! > most) [most, place] = [this.nearest[i]!, i];
    }
    this.farthest[node] = most;
    this.place[node] = place;
  }
}

/**
 * The indices [count] of points that lie far apart, in the order in which they are chosen; on ties the lowest index. When the cloud has
 * fewer different points than asked for, the lowest index with distance 0 follows.
 *
 * @param points one cloud, [points·3]
 * @param count 1 … points
 * @param start index of the first point; default 0
 * @param known the points' tree, where the caller has it
 * @throws PointCloudError
 */
export function farthestPoints(points: Points, count: number, start = 0, known?: PointTree): Int32Array {
  const size = pointCount('farthestPoints', 'points', points);
  checkCount('farthestPoints', 'count', count, size);
  if (!Number.isInteger(start) || start < 0 || start >= size)
    throw new PointCloudError(`farthestPoints: start is ${start}; choose an index from 0 to ${size - 1}.`);
  const tree = treeOf('farthestPoints', points, known);
  const distances = new Distances(tree);
  const chosen = new Int32Array(count);
  chosen[0] = start;
  for (let i = 1; i < count; i++) {
    const at = 3 * chosen[i - 1]!;
    distances.choose(points[at]!, points[at + 1]!, points[at + 2]!);
    chosen[i] = tree.order[distances.next]!;
  }
  return chosen;
}
