/**
 * The known answers of the self-test: products, layer norm, softmax and their gradient in float64, in plain loops that
 * share no code with any backend. Matrices are row-major.
 */

/** [rows × inner] · [inner × columns] */
export function product(a: Float64Array, b: Float64Array, rows: number, inner: number, columns: number): Float64Array {
  const c = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++)
    for (let k = 0; k < inner; k++)
      for (let j = 0; j < columns; j++)
        c[i * columns + j] = c[i * columns + j]! + a[i * inner + k]! * b[k * columns + j]!;
  return c;
}

export function transposed(a: Float64Array, rows: number, columns: number): Float64Array {
  return Float64Array.from({ length: rows * columns }, (_, i) => a[(i % rows) * columns + Math.floor(i / rows)]!);
}

function eachRow(
  a: Float64Array,
  columns: number,
  run: (row: Float64Array, index: number) => ArrayLike<number>,
): Float64Array {
  const result = new Float64Array(a.length);
  for (let start = 0; start < a.length; start += columns)
    result.set(run(a.subarray(start, start + columns), start / columns), start);
  return result;
}

const mean = (row: ArrayLike<number>) => Array.from(row).reduce((sum, value) => sum + value, 0) / row.length;

export function softmax(a: Float64Array, columns: number): Float64Array {
  return eachRow(a, columns, (row) => {
    const exponentials = row.map((value) => Math.exp(value - Math.max(...row)));
    const sum = mean(exponentials) * columns;
    return exponentials.map((value) => value / sum);
  });
}

/** Gradient of softmax: p·(dp − Σ dp·p), given the probabilities p. */
export function softmaxGradient(p: Float64Array, dp: Float64Array, columns: number): Float64Array {
  return eachRow(p, columns, (row, r) => {
    const d = dp.subarray(r * columns, (r + 1) * columns);
    const inner = mean(row.map((value, j) => value * d[j]!)) * columns;
    return row.map((value, j) => value * (d[j]! - inner));
  });
}

/** Standardised rows: (x − mean)/√(variance + ε), and 1/√(variance + ε) of each row. */
export function standardised(a: Float64Array, columns: number, epsilon: number) {
  const scales: number[] = [];
  const values = eachRow(a, columns, (row) => {
    const middle = mean(row);
    const scale = 1 / Math.sqrt(mean(row.map((value) => (value - middle) ** 2)) + epsilon);
    scales.push(scale);
    return row.map((value) => (value - middle) * scale);
  });
  return { values, scales };
}

/** Gradient through the standardisation: scale·(g − mean(g) − n·mean(g·n)). */
export function standardisedGradient(
  n: Float64Array,
  scales: readonly number[],
  g: Float64Array,
  columns: number,
): Float64Array {
  return eachRow(g, columns, (row, r) => {
    const values = n.subarray(r * columns, (r + 1) * columns);
    const [middle, along] = [mean(row), mean(row.map((value, j) => value * values[j]!))];
    return row.map((value, j) => scales[r]! * (value - middle - values[j]! * along));
  });
}
