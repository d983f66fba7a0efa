/** Walks a tree from a query: the fewest best points by (key, index), where a key is a distance, or the index itself. */
import type { PointTree } from './tree.ts';

/** Keeps the `size` least (key, index) that are offered, in order. */
export class Best {
  count = 0;
  readonly keys: Float64Array;
  readonly indices: Int32Array;

  constructor(readonly size: number) {
    this.keys = new Float64Array(size);
    this.indices = new Int32Array(size);
  }

  /** Whether (key, index) would be taken. */
  takes(key: number, index: number): boolean {
    if (this.count < this.size) return true;
    const worst = this.keys[this.size - 1]!;
    return key < worst || (key === worst && index < this.indices[this.size - 1]!);
  }

  offer(key: number, index: number): void {
    if (!this.takes(key, index)) return;
    let at = this.count < this.size ? this.count++ : this.size - 1;
    for (; at > 0; at--) {
      const before = this.keys[at - 1]!;
      if (before < key || (before === key && this.indices[at - 1]! < index)) break;
      this.keys[at] = before;
      this.indices[at] = this.indices[at - 1]!;
    }
    this.keys[at] = key;
    this.indices[at] = index;
  }
}

/** The nearest points to (x, y, z), by squared distance. */
export function visitNearest(tree: PointTree, best: Best, x: number, y: number, z: number, node = 0): void {
  if (!best.takes(tree.toBox(node, x, y, z), tree.lowest[node]!)) return;
  if (node < tree.firstLeaf) {
    const [left, right] = [2 * node + 1, 2 * node + 2];
    const leftFirst = tree.toBox(left, x, y, z) <= tree.toBox(right, x, y, z);
    visitNearest(tree, best, x, y, z, leftFirst ? left : right);
    visitNearest(tree, best, x, y, z, leftFirst ? right : left);
    return;
  }
  const { coordinates: c, order } = tree;
  for (let i = tree.begin[node]!; i < tree.end[node]!; i++) {
    const [dx, dy, dz] = [c[3 * i]! - x, c[3 * i + 1]! - y, c[3 * i + 2]! - z];
    best.offer(dx * dx + dy * dy + dz * dz, order[i]!);
  }
}

/** The points of lowest index that are nearer to (x, y, z) than the root of `squared`. */
export function visitBall(
  tree: PointTree,
  best: Best,
  squared: number,
  x: number,
  y: number,
  z: number,
  node = 0,
): void {
  const lowest = tree.lowest[node]!;
  if (tree.toBox(node, x, y, z) >= squared || !best.takes(lowest, lowest)) return;
  if (node < tree.firstLeaf) {
    const [left, right] = [2 * node + 1, 2 * node + 2];
    const leftFirst = tree.lowest[left]! < tree.lowest[right]!;
    visitBall(tree, best, squared, x, y, z, leftFirst ? left : right);
    visitBall(tree, best, squared, x, y, z, leftFirst ? right : left);
    return;
  }
  const { coordinates: c, order } = tree;
  for (let i = tree.begin[node]!; i < tree.end[node]!; i++) {
    const [dx, dy, dz] = [c[3 * i]! - x, c[3 * i + 1]! - y, c[3 * i + 2]! - z];
    if (dx * dx + dy * dy + dz * dz < squared) best.offer(order[i]!, order[i]!);
  }
}
