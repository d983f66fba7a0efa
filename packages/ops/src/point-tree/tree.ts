/**
 * A k-d tree over one cloud (Bentley 1975): halves at the median of the box's longest side, so that it is as deep for clumped scans
 * and for clouds of duplicates as for even ones. Nodes are numbered as in a heap; leaves are all at one depth.
 */
import { PointCloudError, type Points, pointCount } from './cloud.ts';

/**
 * The k-d tree of a cloud [points·3], for several searches in it; the points must not change while it is in use.
 * @throws PointCloudError for no points, and for coordinates that are not finite
 */
export function searchTree(points: Points): PointTree {
  pointCount('searchTree', 'points', points);
  return new PointTree(points);
}

/** The tree of a cloud: the one that the caller has, or a new one. */
export function treeOf(op: string, points: Points, known?: PointTree): PointTree {
  if (!known) return new PointTree(points);
  if (known.points !== points)
    throw new PointCloudError(`${op}: the tree is of another cloud; give the one of these points, or none.`);
  return known;
}

/** About so many points a leaf. */
const leafSize = 24;

/** A k-d tree over one cloud, built once and asked by {@link ballQuery} and {@link nearestPoints}. */
export class PointTree {
  /** Leaves are the nodes from here on. */
  readonly firstLeaf: number;
  readonly nodes: number;
  /** Points in the tree's order: their index in the cloud, and their coordinates. */
  readonly order: Int32Array;
  readonly coordinates: Float64Array;
  /** Node n has the points begin[n] … end[n] − 1 of that order. */
  readonly begin: Int32Array;
  readonly end: Int32Array;
  /** The lowest index in the cloud of a node's points. */
  readonly lowest: Int32Array;
  /** Six numbers a node: least x, y, z, greatest x, y, z. */
  private readonly boxes: Float64Array;

  /** @param points at least one, finite */
  constructor(readonly points: Points) {
    const count = points.length / 3;
    const levels = Math.max(0, Math.ceil(Math.log2(count / leafSize)));
    this.firstLeaf = 2 ** levels - 1;
    this.nodes = 2 * this.firstLeaf + 1;
    this.order = Int32Array.from({ length: count }, (_, i) => i);
    this.begin = new Int32Array(this.nodes);
    this.end = new Int32Array(this.nodes);
    this.lowest = new Int32Array(this.nodes);
    this.boxes = new Float64Array(6 * this.nodes);
    this.build(0, 0, count);
    this.coordinates = new Float64Array(3 * count);
    for (let i = 0; i < count; i++)
      for (let axis = 0; axis < 3; axis++) this.coordinates[3 * i + axis] = points[3 * this.order[i]! + axis]!;
  }

  /** The squared distance from (x, y, z) to a node's box: no point of it is nearer, in floating point either. */
  toBox(node: number, x: number, y: number, z: number): number {
    const at = 6 * node;
    const b = this.boxes;
    const dx = x < b[at]! ? b[at]! - x : x > b[at + 3]! ? x - b[at + 3]! : 0;
    const dy = y < b[at + 1]! ? b[at + 1]! - y : y > b[at + 4]! ? y - b[at + 4]! : 0;
    const dz = z < b[at + 2]! ? b[at + 2]! - z : z > b[at + 5]! ? z - b[at + 5]! : 0;
    return dx * dx + dy * dy + dz * dz;
  }

  private build(node: number, begin: number, end: number): void {
    this.begin[node] = begin;
    this.end[node] = end;
    const axis = this.measure(node, begin, end);
    if (node >= this.firstLeaf) {
      this.order.subarray(begin, end).sort();
      return;
    }
    const middle = (begin + end) >> 1;
    this.select(axis, begin, end - 1, middle);
    this.build(2 * node + 1, begin, middle);
    this.build(2 * node + 2, middle, end);
  }

  /** Sets a node's box and lowest index; gives the box's longest side. */
  private measure(node: number, begin: number, end: number): number {
    const box = this.boxes
      .subarray(6 * node, 6 * node + 6)
      .fill(Infinity, 0, 3)
      .fill(-Infinity, 3);
    let lowest = Infinity;
    for (let i = begin; i < end; i++) {
      const index = this.order[i]!;
      if (index < lowest) lowest = index;
      for (let axis = 0; axis < 3; axis++) {
        const value = this.points[3 * index + axis]!;
        if (value < box[axis]!) box[axis] = value;
        if (value > box[axis + 3]!) box[axis + 3] = value;
      }
    }
    this.lowest[node] = lowest;
    const side = (axis: number) => box[axis + 3]! - box[axis]!;
    return side(1) > side(0) ? (side(2) > side(1) ? 2 : 1) : side(2) > side(0) ? 2 : 0;
  }

  /** Hoare's selection: order[middle] gets what belongs there by (coordinate, index), smaller ones before it, greater ones after. */
  private select(axis: number, from: number, to: number, middle: number): void {
    const { order, points } = this;
    const less = (a: number, b: number) => {
      const [u, v] = [points[3 * a + axis]!, points[3 * b + axis]!];
      return u < v || (u === v && a < b);
    };
    let [low, high] = [from, to];
    while (low < high) {
      const pivot = order[(low + high) >> 1]!;
      let [i, j] = [low, high];
      while (i <= j) {
        while (less(order[i]!, pivot)) i++;
        while (less(pivot, order[j]!)) j--;
        if (i > j) break;
        const other = order[i]!;
        order[i++] = order[j]!;
        order[j--] = other;
      }
      if (middle <= j) high = j;
      else if (middle >= i) low = i;
      else return;
    }
  }
}
