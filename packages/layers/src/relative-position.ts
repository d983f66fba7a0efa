/**
 * The relative position bias of windows (Swin Transformer, arXiv 2103.14030, equation 4): a learned number a head for each distance of two
 * tokens of a window, (2w − 1)² of them in the published order, [down, across].
 */
import { mapRows, RowMap } from '@dr2net/ops';
import { reshape, type Tensor, tidy, transpose } from '@tensorflow/tfjs-core';
import type { Sides } from './window-geometry.ts';

/**
 * The row of the table for each pair (query, key) of a window, [N·N].
 * @param of tokens a side of the window that the table is for
 * @param sides of the window, clipped or whole
 */
export function windowIndices(of: number, [height, width]: Sides): Int32Array {
  const size = height * width;
  const indices = new Int32Array(size * size);
  for (let i = 0; i < size; i++)
    for (let j = 0; j < size; j++) {
      const down = Math.floor(i / width) - Math.floor(j / width);
      const across = (i % width) - (j % width);
      indices[i * size + j] = (down + of - 1) * (2 * of - 1) + across + of - 1;
    }
  return indices;
}

export class RelativePosition {
  readonly #window: number;
  #known: { readonly sides: Sides; readonly map: RowMap } | undefined;

  /** @param window tokens a side of the window that the table is for */
  constructor(window: number) {
    this.#window = window;
  }

  /** Rows of the table [(2w − 1)², heads] → those of the pairs [N·N, heads] of a window of these sides. */
  #map(sides: Sides): RowMap {
    if (this.#known?.sides.every((side, i) => side === sides[i])) return this.#known.map;
    const from = (2 * this.#window - 1) ** 2;
    const map = new RowMap({ from, each: 1, sources: windowIndices(this.#window, sides) });
    this.#known = { sides, map };
    return map;
  }

  /** The table [(2w − 1)², heads] → the bias [heads, N, N] of windows of these sides. */
  apply(table: Tensor, sides: Sides): Tensor {
    const size = sides[0] * sides[1];
    return tidy(() => reshape(transpose(mapRows.apply(table, this.#map(sides))), [-1, size, size]));
  }

  /** The table's gradient from the bias's. */
  gradient(dBias: Tensor, sides: Sides): Tensor {
    return tidy(() => mapRows.gradient(transpose(reshape(dBias, [dBias.shape[0]!, -1])), this.#map(sides)));
  }
}
