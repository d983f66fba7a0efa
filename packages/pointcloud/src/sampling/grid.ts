/** A hash grid over points: neighbours without looking at every point. */
import { copySorted } from './select.ts';

const hash = (x: number, y: number, z: number) =>
  Math.imul(x, 73856093) ^ Math.imul(y, 19349663) ^ Math.imul(z, 83492791);

/**
 * A side for which a cell holds about `perCell` points where points are many. The widest hundredth at each end of an axis is
 * left out, so that a stray point does not make one cell of all others.
 */
export function cellSide(positions: Float32Array, perCell: number, flat = false): number {
  const count = positions.length / 3;
  const step = Math.max(1, Math.floor(count / 2000));
  const spans = (flat ? [0, 1] : [0, 1, 2]).map((axis) => {
    const values: number[] = [];
    for (let i = 0; i < count; i += step) values.push(positions[3 * i + axis] as number);
    values.sort((a, b) => a - b);
    const edge = Math.floor(values.length / 100);
    return (values.at(-1 - edge) as number) - (values[edge] as number);
  });
  const longest = Math.max(...spans);
  if (!(longest > 0)) return 1;
  const volume = spans.reduce((product, span) => product * Math.max(span, longest / 100), 1);
  return ((volume * Math.min(perCell, count)) / count) ** (1 / spans.length);
}

export class PointGrid {
  readonly #cells: Int32Array;
  readonly #starts: Int32Array;
  readonly #order: Int32Array;
  readonly #mask: number;
  readonly #least: readonly number[];

  /**
   * @param positions [count, 3]
   * @param flat leaves z out: cells are columns, distances those of the plane
   */
  constructor(
    private readonly positions: Float32Array,
    private readonly side: number,
    private readonly flat = false,
  ) {
    const count = positions.length / 3;
    const least = [Infinity, Infinity, Infinity];
    for (let i = 0; i < positions.length; i++) {
      const value = positions[i] as number;
      if (value < (least[i % 3] as number)) least[i % 3] = value;
    }
    this.#least = least;
    this.#mask = 2 ** Math.ceil(Math.log2(count + 1)) - 1;
    this.#cells = new Int32Array(3 * count);
    this.#starts = new Int32Array(this.#mask + 2);
    this.#order = new Int32Array(count);
    const buckets = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      for (let axis = 0; axis < 3; axis++)
        this.#cells[3 * i + axis] = this.#cell(positions[3 * i + axis] as number, axis);
      const bucket = this.#bucket(
        this.#cells[3 * i] as number,
        this.#cells[3 * i + 1] as number,
        this.#cells[3 * i + 2] as number,
      );
      buckets[i] = bucket;
      this.#starts[bucket + 1] = (this.#starts[bucket + 1] as number) + 1;
    }
    for (let b = 0; b <= this.#mask; b++)
      this.#starts[b + 1] = (this.#starts[b + 1] as number) + (this.#starts[b] as number);
    const next = this.#starts.slice();
    for (let i = 0; i < count; i++) {
      const bucket = buckets[i] as number;
      this.#order[next[bucket] as number] = i;
      next[bucket] = (next[bucket] as number) + 1;
    }
  }

  #cell(value: number, axis: number): number {
    return axis === 2 && this.flat ? 0 : Math.floor((value - (this.#least[axis] as number)) / this.side);
  }

  #bucket(x: number, y: number, z: number): number {
    return hash(x, y, z) & this.#mask;
  }

  /** Calls `visit` for every point of one cell, in ascending order. */
  #visit(x: number, y: number, z: number, visit: (point: number) => void): void {
    const bucket = this.#bucket(x, y, z);
    const end = this.#starts[bucket + 1] as number;
    for (let at = this.#starts[bucket] as number; at < end; at++) {
      const point = this.#order[at] as number;
      if (this.#cells[3 * point] === x && this.#cells[3 * point + 1] === y && this.#cells[3 * point + 2] === z)
        visit(point);
    }
  }

  #distance(point: number, x: number, y: number, z: number): number {
    const [dx, dy] = [(this.positions[3 * point] as number) - x, (this.positions[3 * point + 1] as number) - y];
    const dz = this.flat ? 0 : (this.positions[3 * point + 2] as number) - z;
    return dx * dx + dy * dy + dz * dz;
  }

  /** The `k` nearest points (all, where there are fewer), nearest first; of equally near ones the lowest number. */
  nearest(x: number, y: number, z: number, k: number): Int32Array {
    const count = this.positions.length / 3;
    const wanted = Math.min(k, count);
    const [cx, cy, cz] = [this.#cell(x, 0), this.#cell(y, 1), this.#cell(z, 2)];
    let points: number[] = [];
    let distances: number[] = [];
    const take = (point: number) => {
      points.push(point);
      distances.push(this.#distance(point, x, y, z));
    };
    let visited = 0;
    for (let ring = 0; ; ring++) {
      // All that is within `ring` cells has been seen; what is within that distance can no longer be outdone.
      visited += this.#ring(cx, cy, cz, ring, take);
      const sure = (ring * this.side) ** 2;
      let within = 0;
      for (const distance of distances) if (distance <= sure) within++;
      if (within >= wanted || points.length === count) break;
      if (visited > count + 1000) {
        // Empty space all around: looking at every point is less work.
        [points, distances] = [[], []];
        for (let point = 0; point < count; point++) take(point);
        break;
      }
    }
    return copySorted(points, distances, wanted);
  }

  /** Visits the cells that are `ring` cells away along some axis; returns how many. */
  #ring(cx: number, cy: number, cz: number, ring: number, visit: (point: number) => void): number {
    let cells = 0;
    const depth = this.flat ? 0 : ring;
    for (let dz = -depth; dz <= depth; dz++)
      for (let dy = -ring; dy <= ring; dy++) {
        const inner = Math.abs(dy) < ring && Math.abs(dz) < ring;
        for (let dx = -ring; dx <= ring; dx += inner ? Math.max(1, 2 * ring) : 1) {
          this.#visit(cx + dx, cy + dy, cz + dz, visit);
          cells++;
        }
      }
    return cells;
  }

  /** The points with |x − cx| ≤ half and |y − cy| ≤ half, ascending. */
  column(cx: number, cy: number, half: number): Int32Array {
    if (!this.flat) throw new Error('column() needs a flat grid.');
    const found: number[] = [];
    const [fromX, toX] = [this.#cell(cx - half, 0), this.#cell(cx + half, 0)];
    const [fromY, toY] = [this.#cell(cy - half, 1), this.#cell(cy + half, 1)];
    for (let y = fromY; y <= toY; y++)
      for (let x = fromX; x <= toX; x++)
        this.#visit(x, y, 0, (point) => {
          const [dx, dy] = [(this.positions[3 * point] as number) - cx, (this.positions[3 * point + 1] as number) - cy];
          if (Math.abs(dx) <= half && Math.abs(dy) <= half) found.push(point);
        });
    return Int32Array.from(found).sort();
  }
}
