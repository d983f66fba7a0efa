/**
 * Separable resampling with the triangle filter, widened when shrinking so that nothing aliases: what Pillow's BILINEAR
 * and PyTorch's `antialias=True` compute.
 */

/** For each output position the first input position and the weights from there on. */
export interface AxisWeights {
  readonly size: number;
  readonly first: Int32Array;
  /** [size, taps], rows sum to 1, padded with zeros. */
  readonly weights: Float32Array;
  readonly taps: number;
}

/**
 * Which input pixels each output pixel of one axis is made of, and their weights.
 * @param start where the window begins in the input, in pixels (may be fractional)
 * @param length the window's length, in pixels, > 0
 * @param size output positions
 * @param limit input positions; the filter never reads outside, nor is it widened by them
 * @param flip whether the output is reversed
 */
export function axisWeights(start: number, length: number, size: number, limit: number, flip = false): AxisWeights {
  const scale = length / size;
  const support = Math.max(scale, 1);
  const taps = Math.min(limit, Math.ceil(support) * 2 + 1);
  const first = new Int32Array(size);
  const weights = new Float32Array(size * taps);
  for (let i = 0; i < size; i++) {
    const centre = start + (i + 0.5) * scale;
    const from = Math.min(Math.max(0, Math.floor(centre - support + 0.5)), limit - taps);
    const to = flip ? size - 1 - i : i;
    const row = weights.subarray(to * taps, (to + 1) * taps);
    let sum = 0;
    for (let k = 0; k < taps; k++) {
      const weight = Math.max(0, 1 - Math.abs(from + k + 0.5 - centre) / support);
      row[k] = weight;
      sum += weight;
    }
    for (let k = 0; k < taps; k++) row[k] = (row[k] as number) / sum;
    first[to] = from;
  }
  return { size, first, weights, taps };
}

/** RGB bytes [height, width, 3] → floats [rows.size, columns.size, 3] in the bytes' scale. */
export function resample(
  rgb: Uint8Array,
  { width, height }: { readonly width: number; readonly height: number },
  rows: AxisWeights,
  columns: AxisWeights,
): Float32Array {
  const across = new Float32Array(height * columns.size * 3);
  const lowest = rows.first.reduce((least, row) => Math.min(least, row), height);
  const highest = rows.first.reduce((most, row) => Math.max(most, row + rows.taps), 0);
  for (let y = lowest; y < highest; y++) {
    for (let x = 0, to = y * columns.size * 3; x < columns.size; x++, to += 3) {
      let from = (y * width + (columns.first[x] as number)) * 3;
      let [r, g, b] = [0, 0, 0];
      for (let k = x * columns.taps; k < (x + 1) * columns.taps; k++, from += 3) {
        const weight = columns.weights[k] as number;
        r += weight * (rgb[from] as number);
        g += weight * (rgb[from + 1] as number);
        b += weight * (rgb[from + 2] as number);
      }
      across[to] = r;
      across[to + 1] = g;
      across[to + 2] = b;
    }
  }
  const row = columns.size * 3;
  const out = new Float32Array(rows.size * row);
  for (let y = 0; y < rows.size; y++) {
    for (let k = 0; k < rows.taps; k++) {
      const weight = rows.weights[y * rows.taps + k] as number;
      if (weight === 0) continue;
      const from = ((rows.first[y] as number) + k) * row;
      for (let x = 0, to = y * row; x < row; x++, to++)
        out[to] = (out[to] as number) + weight * (across[from + x] as number);
    }
  }
  return out;
}
