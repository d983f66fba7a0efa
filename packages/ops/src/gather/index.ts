/** Rows of a table by index, with a gradient that is the same on every run (tfjs's own adds with float atomics on WebGPU, and is missing on wasm). */
import { type Tensor, gather as take } from '@tensorflow/tfjs-core';
import { choose, hold } from '../engine.ts';
import { type OpPullback, once, type TracedOp } from '../pullback.ts';
import { host } from './host.ts';
import { webgpu } from './webgpu.ts';

/** What an implementation of {@link gather} does. */
export interface GatherKernel {
  /** table [V, ...rest], indices int32 [...] from 0 to V − 1 → [...indices, ...rest] */
  apply(table: Tensor, indices: Tensor): Tensor;
  trace(table: Tensor, indices: Tensor): TracedOp<'table'>;
}

/** indices [...], dy [...indices, ...rest] → [V, ...rest]: each row the sum of the dy that were taken from it. */
export type ScatterSum = (indices: Tensor, dy: Tensor, table: readonly number[]) => Tensor;

/** The trace keeps the indices (shared). */
export const gather: GatherKernel = {
  apply: (table, indices) => take(table, indices),
  trace(table, indices) {
    const value = take(table, indices);
    const shape = [...table.shape];
    const kept = hold(indices);
    const pullback: OpPullback<'table'> = once('gather', [kept], (dy: Tensor, wanted?) =>
      wanted && !wanted.table ? {} : { table: choose({ reference: host, webgpu })(kept, dy, shape) },
    );
    return { value, pullback };
  },
};
