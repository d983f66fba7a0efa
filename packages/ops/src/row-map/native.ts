/** A map of rows on TensorFlow's native library: the entries' rows, weighted, summed by row; a host loop would copy all of x for each part. */
import { gather, mul, reshape, sum, tensor1d, tensor2d, unsortedSegmentSum } from '@tensorflow/tfjs-core';
import { after, scope } from '../engine.ts';
import type { CombineRows } from './index.ts';
import type { CompressedRows } from './map.ts';

/** The row of each entry. */
function rowsOf({ rows, offsets }: CompressedRows): Int32Array {
  const each = new Int32Array(offsets[rows]!);
  for (let row = 0; row < rows; row++) each.fill(row, offsets[row]!, offsets[row + 1]!);
  return each;
}

export const native: CombineRows = (map, x) =>
  scope(() => {
    const { rows, sources, weights, each, plain } = map;
    const entries = gather(x, tensor1d(sources, 'int32'));
    const weighted = plain ? entries : after(mul(entries, tensor2d(weights, [weights.length, 1])), entries);
    if (each === 1) return weighted;
    if (each === undefined) return after(unsortedSegmentSum(weighted, tensor1d(rowsOf(map), 'int32'), rows), weighted);
    return after(sum(reshape(weighted, [rows, each, -1]), 1), weighted);
  });
