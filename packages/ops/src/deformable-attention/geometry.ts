/** The sizes of a deformable attention, read off its inputs. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { expectShape } from '../check.ts';
import type { DeformableAttentionOptions } from './index.ts';

export interface Geometry {
  readonly batch: number;
  readonly queries: number;
  readonly heads: number;
  /** Channels a head. */
  readonly width: number;
  readonly levels: number;
  /** Of a level. */
  readonly points: number;
  /** Cells of all levels: S. */
  readonly sources: number;
  /** Squares between cells, of all levels; those at the border lie half outside. */
  readonly squares: number;
  /** `[levels, 4]`: height, width, its first cell, its first square. */
  readonly table: Int32Array;
}

const op = 'deformableAttention';

/** Heights, widths and where levels begin. */
function tableOf(shapes: DeformableAttentionOptions['shapes']) {
  const table = new Int32Array(4 * shapes.length);
  let [sources, squares] = [0, 0];
  for (const [i, [height, width]] of shapes.entries()) {
    if (![height, width].every((side) => Number.isInteger(side) && side > 0))
      throw new RangeError(`${op}: level ${i} is ${height} × ${width} cells; whole numbers of 1 or more are needed`);
    table.set([height, width, sources, squares], 4 * i);
    sources += height * width;
    squares += (height + 1) * (width + 1);
  }
  return { table, sources, squares };
}

/** @throws RangeError where the inputs do not fit each other or the levels */
export function geometry(
  value: Tensor,
  locations: Tensor,
  weights: Tensor,
  { shapes }: DeformableAttentionOptions,
): Geometry {
  const [batch, queries, heads, , points] = weights.shape as number[];
  const { table, sources, squares } = tableOf(shapes);
  const levels = shapes.length;
  if (weights.rank !== 5 || weights.shape[3] !== levels || weights.size === 0)
    throw new RangeError(
      `${op}: weights is [${weights.shape}] where [batch, queries, heads, ${levels}, points] is needed (${levels} levels were given)`,
    );
  expectShape(op, 'locations', locations, [...weights.shape, 2], `weights is [${weights.shape}]`);
  const channels = value.shape[2] ?? 0;
  expectShape(op, 'value', value, [batch!, sources, channels], `the levels have ${sources} cells`);
  if (channels === 0 || channels % heads! !== 0)
    throw new RangeError(`${op}: value is [${value.shape}]; ${channels} channels are no multiple of ${heads} heads`);
  const sizes = { batch: batch!, queries: queries!, heads: heads!, levels, points: points! };
  return { ...sizes, width: channels / heads!, sources, squares, table };
}
