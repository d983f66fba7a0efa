/** Rows by a fixed linear map: what grouping and three-nearest-neighbour interpolation are. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { expectShape } from '../check.ts';
import { choose } from '../engine.ts';
import { type OpPullback, once, type TracedOp } from '../pullback.ts';
import { recorderBackend } from '../recorder/record.ts';
import { host } from './host.ts';
import { type CompressedRows, RowMap, type RowMapParts } from './map.ts';
import { native } from './native.ts';
import { recorded } from './recorded.ts';
import { webgpu } from './webgpu.ts';

export { type CompressedRows, RowMap, type RowMapParts };

/** x [from, C] → [rows, C] */
export type CombineRows = (map: CompressedRows, x: Tensor) => Tensor;

/** What an implementation of {@link mapRows} does. */
export interface MapRowsKernel {
  /** x [from, C] → [rows, C] */
  apply(x: Tensor, map: RowMap): Tensor;
  trace(x: Tensor, map: RowMap): TracedOp<'x'>;
  /** dy [rows, C] → that of x [from, C]; the map is all that it depends on */
  gradient(dy: Tensor, map: RowMap): Tensor;
}

const combine: CombineRows = (map, x) =>
  choose({ reference: host, webgpu, tensorflow: native, [recorderBackend]: recorded })(map, x);

function value(x: Tensor, map: RowMap): Tensor {
  expectShape('mapRows', 'x', x, [map.from, x.shape[1] ?? 1], `the map takes ${map.from} rows`);
  return combine(map.forward, x);
}

function gradient(dy: Tensor, map: RowMap): Tensor {
  expectShape('mapRows', 'dy', dy, [map.rows, dy.shape[1] ?? 1], `the map gives ${map.rows} rows`);
  return combine(map.backward, dy);
}

/** Σ_j w[r, j]·x[source[r, j]]. The trace keeps nothing; the map must not change until the pullback has run. */
export const mapRows: MapRowsKernel = {
  apply: value,
  trace(x, map) {
    const y = value(x, map);
    const pullback: OpPullback<'x'> = once('mapRows', [], (dy: Tensor, wanted?) =>
      wanted && !wanted.x ? {} : { x: gradient(dy, map) },
    );
    return { value: y, pullback };
  },
  gradient,
};
