/**
 * Resampling of position embeddings to another grid, as PyTorch's `interpolate(mode='bicubic', align_corners=False)`
 * does it and the published models use it: cubic convolution (Keys 1981) with a = −0.75, sample centres at
 * (i + ½)·old/new − ½, edges repeated, no smoothing when shrinking. Computed in float64, rounded once at the end.
 */
import type { HostTensor } from '../checkpoint/decode.ts';

const a = -0.75;

/** Weights of the four neighbours of a point that lies `t` (0 ≤ t < 1) after the second. */
function cubicWeights(t: number): [number, number, number, number] {
  const near = (d: number) => ((a + 2) * d - (a + 3)) * d * d + 1;
  const far = (d: number) => ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
  return [far(t + 1), near(t), near(1 - t), far(2 - t)];
}

/** Resamples the middle axis of [outer, from, inner] to `to` points. */
function resampleAxis(data: Float64Array, outer: number, from: number, inner: number, to: number): Float64Array {
  const result = new Float64Array(outer * to * inner);
  for (let i = 0; i < to; i++) {
    const centre = ((i + 0.5) * from) / to - 0.5;
    const below = Math.floor(centre);
    const weights = cubicWeights(centre - below);
    weights.forEach((weight, k) => {
      const source = Math.min(Math.max(below - 1 + k, 0), from - 1);
      for (let o = 0; o < outer; o++) {
        const to0 = (o * to + i) * inner;
        const from0 = (o * from + source) * inner;
        for (let c = 0; c < inner; c++) result[to0 + c]! += weight * data[from0 + c]!;
      }
    });
  }
  return result;
}

/** A line of embeddings [1, from, width] → [1, to, width]. */
export function resampleLine({ shape, data }: HostTensor, to: number): HostTensor {
  const [, from, width] = shape as [number, number, number];
  if (from === to) return { shape, data };
  const values = resampleAxis(Float64Array.from(data), 1, from, width, to);
  return { shape: [1, to, width], data: Float32Array.from(values) };
}

/** Rows and columns of a grid. */
export type Grid = readonly [rows: number, columns: number];

/**
 * A grid of embeddings between some that stay: [1, before + rows·columns + after, width] → the same with the rows and columns of `to`.
 * @throws RangeError where the places are not so many
 */
export function resamplePlaces(
  { shape, data }: HostTensor,
  { before, after = 0 }: { readonly before: number; readonly after?: number },
  from: Grid,
  to: Grid,
): HostTensor {
  const [, tokens, width] = shape as [number, number, number];
  const [rows, columns] = from;
  const places = rows * columns;
  if (before + places + after !== tokens)
    throw new RangeError(`${tokens - before - after} positions are not a grid of ${rows} × ${columns}.`);
  if (rows === to[0] && columns === to[1]) return { shape, data };
  const grid = Float64Array.from(data.subarray(before * width, (before + places) * width));
  const down = resampleAxis(grid, 1, rows, columns * width, to[0]);
  const both = resampleAxis(down, to[0], columns, width, to[1]);
  const all = before + to[0] * to[1] + after;
  const values = new Float32Array(all * width);
  values.set(data.subarray(0, before * width));
  values.set(both, before * width);
  values.set(data.subarray((before + places) * width), (all - after) * width);
  return { shape: [1, all, width], data: values };
}

/** A square grid of embeddings after `prefix` ones that stay: [1, prefix + from², width] → [1, prefix + to², width]. */
export function resampleGrid(table: HostTensor, prefix: number, to: number): HostTensor {
  const places = table.shape[1]! - prefix;
  const from = Math.sqrt(places);
  if (!Number.isInteger(from)) throw new RangeError(`${places} positions are not a square grid.`);
  return resamplePlaces(table, { before: prefix }, [from, from], [to, to]);
}
