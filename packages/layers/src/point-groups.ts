/**
 * Groups of points to one feature each: a network over the neighbours that ends in their maximum (PointNet++, arXiv 1706.02413). Groups are
 * worked on some at a time, and again in the backward pass: what is alive inside is of one part's size, whatever the number of points.
 */
import {
  accumulate,
  type Context,
  type Differentiable,
  hold,
  holding,
  mapRows,
  once,
  type RowMap,
  type Sink,
} from '@dr2net/ops';
import { concat, dispose, reshape, slice, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { type Part, partsOf } from './parts.ts';
import { Sums } from './sums.ts';

/** Which points make a group, as a map of rows. */
export interface Groups {
  /** Features [points, C] → those of the neighbours [groups·size, C], or their differences from the centre's. */
  readonly map: RowMap;
  /** `[groups·size·3]`: the neighbours' positions from the centre. */
  readonly offsets: Float32Array;
  /** Neighbours of a group. */
  readonly size: number;
}

/** Takes ∂L/∂y; gives that of the features, or null where it was not wanted. */
export interface GroupsPullback {
  (dy: Tensor, sink: Sink): Tensor | null;
  dispose(): void;
}

/** Groups of points to one feature each: a network over the neighbours that ends in their maximum (PointNet++, arXiv 1706.02413). */
export class PointGroups {
  /**
   * @param inner [groups, size, 3 + C] → [groups, C'], each group by itself, without random masks
   * @param partRows neighbours worked on at a time
   */
  constructor(
    readonly inner: Differentiable,
    private readonly partRows: number,
  ) {}

  private parts({ offsets, size }: Groups): Part[] {
    const groups = offsets.length / (3 * size);
    return partsOf(groups, Math.ceil((groups * size) / this.partRows));
  }

  /** [position, features] of the neighbours of some groups. */
  private neighbours(features: Tensor, map: RowMap, { offsets, size }: Groups, { from, count }: Part): Tensor {
    return tidy(() => {
      const rows = count * size;
      const positions = tensor(offsets.subarray(3 * from * size, 3 * (from + count) * size), [rows, 3]);
      const joined = concat([positions, mapRows.apply(features, map)], 1);
      return reshape(joined, [count, size, joined.shape[1]!]);
    });
  }

  /** features [points, C] → [groups, C'] */
  apply(features: Tensor, groups: Groups, context: Context): Tensor {
    const made: Tensor[] = [];
    try {
      for (const part of this.parts(groups)) {
        const map = groups.map.part(part.from * groups.size, part.count * groups.size);
        const x = this.neighbours(features, map, groups, part);
        try {
          made.push(this.inner.apply(x, context));
        } finally {
          x.dispose();
        }
      }
      return concat(made, 0);
    } finally {
      dispose(made);
    }
  }

  /** The trace keeps the features (shared). */
  trace(features: Tensor, groups: Groups, context: Context, wantsFeatures: boolean) {
    const value = this.apply(features, groups, context);
    const kept = hold(features);
    const run = (dy: Tensor, sink: Sink) => this.pull(kept, groups, dy, context, sink, wantsFeatures);
    const pullback: GroupsPullback = once('point groups', [kept], run);
    return { value, pullback };
  }

  private pull(features: Tensor, groups: Groups, dy: Tensor, context: Context, sink: Sink, wantsFeatures: boolean) {
    const sums = new Sums(sink);
    let total: Tensor | undefined;
    try {
      for (const part of this.parts(groups)) {
        const map = groups.map.part(part.from * groups.size, part.count * groups.size);
        const dx = this.pullPart(features, map, groups, part, dy, context, sums.sink);
        try {
          if (wantsFeatures) total = withPart(total, dx, map);
        } finally {
          dx.dispose();
        }
      }
      sums.handOn();
      return total ?? null;
    } catch (error) {
      total?.dispose();
      sums.dispose();
      throw error;
    }
  }

  private pullPart(
    features: Tensor,
    map: RowMap,
    groups: Groups,
    part: Part,
    dy: Tensor,
    context: Context,
    sink: Sink,
  ): Tensor {
    const x = this.neighbours(features, map, groups, part);
    const dyPart = slice(dy, [part.from, 0], [part.count, dy.shape[1]!]);
    try {
      const { value, pullback } = this.inner.trace(x, context);
      value.dispose();
      return pullback(dyPart, sink);
    } finally {
      dispose([x, dyPart]);
    }
  }
}

/** Adds what the neighbours [groups, size, 3 + C] send to the features; `total` is taken over. */
function withPart(total: Tensor | undefined, dx: Tensor, map: RowMap): Tensor {
  const [groups, size, width] = dx.shape as [number, number, number];
  const gradient = tidy(() =>
    mapRows.gradient(reshape(slice(dx, [0, 0, 3], [groups, size, width - 3]), [-1, width - 3]), map),
  );
  return total ? holding((held) => accumulate(total, held.add(gradient))) : gradient;
}
