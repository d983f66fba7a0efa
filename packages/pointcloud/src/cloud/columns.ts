/** What every reader makes of a file: named columns of numbers, before it is known which are x, y, z. */

export type Column = ArrayLike<number>;

export interface Columns {
  readonly names: readonly string[];
  readonly values: readonly Column[];
  /** Rows of every column. */
  readonly count: number;
  /** How a message names row `i`: "line 12", "point 11". */
  readonly where: (row: number) => string;
}

export const byPoint = (row: number) => `point ${row}`;

/** A column that grows: numbers in blocks, so that a long file never has to be copied whole. */
export class GrowingColumn {
  #values = new Float64Array(1024);
  #length = 0;

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = new Float64Array(2 * this.#length);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#length++] = value;
  }

  get length(): number {
    return this.#length;
  }

  /** The numbers so far; valid until the next push. */
  values(): Float64Array {
    return this.#values.subarray(0, this.#length);
  }
}

/** The usual meaning of files without column names, by how many columns they have; undefined where it must be said. */
export function usualColumns(count: number): readonly string[] | undefined {
  return {
    3: ['x', 'y', 'z'],
    4: ['x', 'y', 'z', 'label'],
    6: ['x', 'y', 'z', 'r', 'g', 'b'],
    7: ['x', 'y', 'z', 'r', 'g', 'b', 'label'],
  }[count];
}
