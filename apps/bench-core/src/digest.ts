/**
 * A gradient in a few numbers that can be stored, and compared with the same gradient of another backend or library: its norm,
 * and its products with {@link projections} vectors of random signs, the same everywhere. For such vectors r the mean of (r·d)² is |d|²
 * (Johnson and Lindenstrauss, 1984), so that the projections of two gradients a and b estimate |a − b| / |b|, to about a quarter of its
 * value. In float64 from values copied to the host.
 */

export const projections = 8;

/** [norm, projection 1, …, projection 8] */
export type Digest = readonly number[];

/** FNV-1a. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0 || 1;
}

/** Enough digits for differences of float32. */
const rounded = (value: number) => Number(value.toPrecision(10));

/** @param name of the parameter: the seed of the signs */
export function digest(name: string, values: Float32Array): Digest {
  const sums = new Float64Array(projections);
  let squares = 0;
  let state = hash(name);
  for (const value of values) {
    // xorshift32 (G. Marsaglia, 2003); eight of its bits are the signs.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    squares += value * value;
    for (let k = 0; k < projections; k++) sums[k]! += ((state >>> (k + 11)) & 1) === 0 ? value : -value;
  }
  return [Math.sqrt(squares), ...sums].map(rounded);
}

export type Digests = Readonly<Record<string, Digest>>;

export interface GradientDifference {
  /** The largest over the parameters, of |a − b| / |b|, estimated. */
  readonly relative: number;
  readonly parameter: string;
}

/**
 * Parameters whose gradient is this far below the largest one's (per root of element it would be rounding of zeros: a key's bias) are
 * compared on the scale of that bound instead of their own.
 */
const floor = 1e-6;

/** The parameters that both have; undefined where there is none. NaN is the largest difference there is. */
export function largestDifference(a: Digests, b: Digests): GradientDifference | undefined {
  const largest = Math.max(...Object.values(b).map(([norm = 0]) => norm));
  let worst: GradientDifference | undefined;
  for (const [parameter, [norm = 0, ...reference]] of Object.entries(b)) {
    const [, ...other] = a[parameter] ?? [];
    if (other.length !== reference.length) continue;
    const squares = reference.reduce((sum, value, k) => sum + (value - (other[k] ?? Number.NaN)) ** 2, 0);
    const relative = Math.sqrt(squares / reference.length) / Math.max(norm, floor * largest);
    if (!worst || !(relative <= worst.relative)) worst = { relative, parameter };
    if (Number.isNaN(relative)) return worst;
  }
  return worst;
}
