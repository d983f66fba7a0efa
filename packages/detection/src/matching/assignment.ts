/**
 * The assignment problem: as many pairs of a row and a column as fit, each used once, at the lowest total cost. Solved by
 * munkres (MIT) in float64, O(n²m) for an n × m matrix with n ≤ m; the tests prove its answers optimal by dual variables.
 */
import { munkres } from 'munkres';

/** min(rows, columns) pairs, by rising row. */
export interface Assignment {
  readonly rows: Int32Array;
  readonly columns: Int32Array;
  /** Sum of the pairs' costs. */
  readonly total: number;
}

/**
 * The pairs of rows and columns whose costs add up to the least.
 * @param cost [rows, columns]
 * @throws RangeError naming row and column of a cost that is NaN or infinite
 */
export function assign(cost: ArrayLike<number>, rows: number, columns: number): Assignment {
  if (cost.length !== rows * columns)
    throw new RangeError(`${cost.length} costs for ${rows} rows and ${columns} columns; it must be their product.`);
  for (let i = 0; i < cost.length; i++)
    if (!Number.isFinite(cost[i]))
      throw new RangeError(
        `The cost at row ${Math.floor(i / columns)}, column ${i % columns} is ${cost[i]}; costs must be finite.`,
      );
  const matrix = Float64Array.from(cost);
  const pairs = munkres(Array.from({ length: rows }, (_, i) => matrix.subarray(i * columns, (i + 1) * columns)));
  pairs.sort(([a], [b]) => a - b);
  return {
    rows: Int32Array.from(pairs, ([row]) => row),
    columns: Int32Array.from(pairs, ([, column]) => column),
    total: pairs.reduce((sum, [row, column]) => sum + (matrix[row * columns + column] as number), 0),
  };
}
