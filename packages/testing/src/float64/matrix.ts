/** Row-major float64 matrices as flat arrays, and the three products that a linear layer and its gradient need. */

/** a [m, k] · b [k, n]. */
export function product(a: Float64Array, b: Float64Array, m: number, k: number, n: number): Float64Array {
  const c = new Float64Array(m * n);
  for (let i = 0; i < m; i++)
    for (let l = 0; l < k; l++) {
      const value = a[i * k + l]!;
      for (let j = 0; j < n; j++) c[i * n + j]! += value * b[l * n + j]!;
    }
  return c;
}

/** The transpose [n, m] of a [m, n]. */
export function transposed(a: Float64Array, m: number, n: number): Float64Array {
  const b = new Float64Array(m * n);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) b[j * m + i] = a[i * n + j]!;
  return b;
}

/** The sums of the columns of a [m, n]. */
export function columnSums(a: Float64Array, n: number): Float64Array {
  const sums = new Float64Array(n);
  for (let i = 0; i < a.length; i++) sums[i % n]! += a[i]!;
  return sums;
}

/** Element by element. */
export function combine(
  a: Float64Array,
  b: Float64Array,
  f: (a: number, b: number, index: number) => number,
): Float64Array {
  return a.map((value, i) => f(value, b[i]!, i));
}
