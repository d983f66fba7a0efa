/** Deformable attention as loops over the host's numbers. Sums run in the order of the points. */
import type { Tensor, TypedArray } from '@tensorflow/tfjs-core';
import { onHost } from '../host.ts';
import type { Geometry } from './geometry.ts';
import { type Inputs, keepingInputs } from './keeping-inputs.ts';

/** One point of one query and head. */
interface Point {
  /** Number of the point in `weights`. */
  readonly n: number;
  /** The query's first channel of the head, in [B, Q, C]. */
  readonly out: number;
  /** The head's first channel of each corner in `value`, −1 outside: (x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1). */
  readonly rows: Int32Array;
  /** Where between the corners it lies, 0 … 1. */
  fx: number;
  fy: number;
  /** Cells of the level along x and y. */
  across: number;
  down: number;
  /** 0, or no number where the location is not finite: then there are no corners. */
  lost: number;
}

/** Calls `visit` for every point in order; the same object every time. */
function eachPoint(g: Geometry, locations: TypedArray, visit: (point: Point) => void): void {
  const { batch, queries, heads, width, levels, points, sources, table } = g;
  const channels = heads * width;
  const point = { n: 0, out: 0, rows: new Int32Array(4), fx: 0, fy: 0, across: 0, down: 0, lost: 0 };
  for (let b = 0; b < batch; b++)
    for (let q = 0; q < queries; q++)
      for (let h = 0; h < heads; h++) {
        point.out = (b * queries + q) * channels + h * width;
        for (let level = 0; level < levels; level++) {
          const [down, across, start] = table.subarray(4 * level, 4 * level + 3) as unknown as [number, number, number];
          point.across = across;
          point.down = down;
          const first = (b * sources + start) * channels + h * width;
          for (let k = 0; k < points; k++, point.n++) {
            const x = locations[2 * point.n]! * across - 0.5;
            const y = locations[2 * point.n + 1]! * down - 0.5;
            point.lost = x - x + (y - y);
            const [left, top] = [Math.floor(x), Math.floor(y)];
            point.fx = x - left;
            point.fy = y - top;
            for (let corner = 0; corner < 4; corner++) {
              const [cx, cy] = [left + (corner & 1), top + (corner >> 1)];
              const inside = cx >= 0 && cx < across && cy >= 0 && cy < down;
              point.rows[corner] = inside ? first + (cy * across + cx) * channels : -1;
            }
            visit(point);
          }
        }
      }
}

/** The share of a corner. */
const share = ({ fx, fy }: Point, corner: number) => (corner & 1 ? fx : 1 - fx) * (corner >> 1 ? fy : 1 - fy);

function forward({ value, locations, weights }: Inputs, g: Geometry): Tensor {
  const { batch, queries, heads, width } = g;
  const output = { shape: [batch, queries, heads * width], dtype: 'float32' } as const;
  return onHost([value, locations, weights], [output], ([from, at, weight], [to]) => {
    const sums = new Float64Array(width);
    const each = g.levels * g.points;
    eachPoint(g, at!, (point) => {
      const { n, out, rows, lost } = point;
      if (n % each === 0) sums.fill(0);
      const w = weight![n]!;
      for (let corner = 0; corner < 4; corner++) {
        const row = rows[corner]!;
        if (row < 0) continue;
        const factor = w * share(point, corner);
        for (let c = 0; c < width; c++) sums[c]! += factor * from![row + c]!;
      }
      // 0, unless one of them is not finite.
      const nothing = lost * w;
      if (nothing !== 0) for (let c = 0; c < width; c++) sums[c]! += nothing;
      if (n % each === each - 1) to!.set(sums, out);
    });
  })[0]!;
}

function ofValue({ value, locations, weights }: Inputs, g: Geometry, dy: Tensor): Tensor {
  const output = { shape: value.shape, dtype: 'float32' } as const;
  return onHost([locations, weights, dy], [output], ([at, weight, d], [to]) => {
    to!.fill(0);
    eachPoint(g, at!, (point) => {
      for (let corner = 0; corner < 4; corner++) {
        const row = point.rows[corner]!;
        if (row < 0) continue;
        const factor = weight![point.n]! * share(point, corner);
        for (let c = 0; c < g.width; c++) to![row + c]! += factor * d![point.out + c]!;
      }
    });
  })[0]!;
}

function ofPoints({ value, locations, weights }: Inputs, g: Geometry, dy: Tensor): [Tensor, Tensor] {
  const outputs = [locations, weights].map(({ shape }) => ({ shape, dtype: 'float32' }) as const);
  return onHost([value, locations, weights, dy], outputs, ([from, at, weight, d], [toLocations, toWeights]) => {
    const along = new Float64Array(4);
    eachPoint(g, at!, (point) => {
      const { n, out, rows, fx, fy, across, down, lost } = point;
      for (let corner = 0; corner < 4; corner++) {
        const row = rows[corner]!;
        let sum = 0;
        if (row >= 0) for (let c = 0; c < g.width; c++) sum += from![row + c]! * d![out + c]!;
        along[corner] = sum;
      }
      const [a, b, c, e] = along as unknown as [number, number, number, number];
      const w = weight![n]!;
      toWeights![n] = (1 - fy) * ((1 - fx) * a + fx * b) + fy * ((1 - fx) * c + fx * e) + lost;
      toLocations![2 * n] = w * across * ((1 - fy) * (b - a) + fy * (e - c)) + lost;
      toLocations![2 * n + 1] = w * down * ((1 - fx) * (c - a) + fx * (e - b)) + lost;
    });
  }) as [Tensor, Tensor];
}

export const host = keepingInputs({ forward, ofValue, ofPoints });
