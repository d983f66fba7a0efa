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

/** A square grid of embeddings after `prefix` ones that stay: [1, prefix + from², width] → [1, prefix + to², width]. */
export function resampleGrid({ shape, data }: HostTensor, prefix: number, to: number): HostTensor {
  const [, tokens, width] = shape as [number, number, number];
  const from = Math.sqrt(tokens - prefix);
  if (!Number.isInteger(from)) throw new RangeError(`${tokens - prefix} positions are not a square grid.`);
  if (from === to) return { shape, data };
  const kept = data.subarray(0, prefix * width);
  const rows = resampleAxis(Float64Array.from(data.subarray(prefix * width)), 1, from, from * width, to);
  const grid = resampleAxis(rows, to, from, width, to);
  const values = new Float32Array((prefix + to * to) * width);
  values.set(kept);
  values.set(grid, prefix * width);
  return { shape: [1, prefix + to * to, width], data: values };
}
