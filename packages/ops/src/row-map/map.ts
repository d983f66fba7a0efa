/**
 * A fixed linear map of rows that is known on the host: row r of the result is Σ_j w[r, j]·x[source[r, j]]. Grouping and interpolation are
 * such maps, and the gradient of one is its transpose: sums in a fixed order, without atomics.
 */

/** Rows in compressed form: row r sums entries offsets[r] … offsets[r+1] − 1. */
export interface CompressedRows {
  readonly rows: number;
  readonly offsets: Int32Array;
  readonly sources: Int32Array;
  readonly weights: Float32Array;
  /** Entries of a row, where every row has as many. */
  readonly each?: number;
  /** Whether all weights are 1. */
  readonly plain: boolean;
}

/** Sources and weights of a map of rows. */
export interface RowMapParts {
  /** Rows of x. */
  readonly from: number;
  /** Entries of each row of the result, ≥ 1. */
  readonly each: number;
  /** [rows·each], in 0 … from − 1 */
  readonly sources: Int32Array;
  /** [rows·each]; default 1. */
  readonly weights?: Float32Array;
}

/** A fixed linear map of rows, known on the host: row r of the result is Σ_j w[r, j]·x[source[r, j]]. */
export class RowMap {
  readonly forward: CompressedRows;
  /** Rows of x. */
  readonly from: number;
  readonly #each: number;
  #backward: CompressedRows | undefined;

  /** @throws RangeError for a source outside 0 … from − 1, and for lists that do not fit each other */
  constructor({ from, each, sources, weights }: RowMapParts) {
    const rows = sources.length / each;
    if (!Number.isInteger(rows) || (weights && weights.length !== sources.length))
      throw new RangeError(
        `RowMap: ${sources.length} sources and ${weights?.length ?? 'no'} weights are no rows of ${each}.`,
      );
    const wrong = sources.find((source) => source < 0 || source >= from);
    if (wrong !== undefined)
      throw new RangeError(`RowMap: source ${wrong} is not a row; x has ${from}, numbered from 0.`);
    this.from = from;
    this.#each = each;
    const offsets = Int32Array.from({ length: rows + 1 }, (_, row) => row * each);
    const plain = weights === undefined;
    this.forward = {
      rows,
      offsets,
      sources,
      weights: weights ?? new Float32Array(sources.length).fill(1),
      each,
      plain,
    };
  }

  /** Rows of the result. */
  get rows(): number {
    return this.forward.rows;
  }

  /** The transposed map: each row of x, and the rows of the result that took it, in order. */
  get backward(): CompressedRows {
    if (this.#backward) return this.#backward;
    const { sources, weights, plain } = this.forward;
    const offsets = new Int32Array(this.from + 1);
    for (const source of sources) offsets[source + 1]!++;
    for (let i = 0; i < this.from; i++) offsets[i + 1]! += offsets[i]!;
    const next = offsets.slice();
    const rows = new Int32Array(sources.length);
    const sorted = new Float32Array(sources.length);
    for (let i = 0; i < sources.length; i++) {
      const at = next[sources[i]!]!++;
      rows[at] = Math.floor(i / this.#each);
      sorted[at] = weights[i]!;
    }
    this.#backward = { rows: this.from, offsets, sources: rows, weights: sorted, plain };
    return this.#backward;
  }

  /** The map of `count` rows of the result from row `begin` on. */
  part(begin: number, count: number): RowMap {
    const [a, b] = [begin * this.#each, (begin + count) * this.#each];
    return new RowMap({
      from: this.from,
      each: this.#each,
      sources: this.forward.sources.subarray(a, b),
      ...(!this.forward.plain && { weights: this.forward.weights.subarray(a, b) }),
    });
  }
}
