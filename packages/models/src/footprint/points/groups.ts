/** Groups of points to one feature each, some at a time, and again in the backward pass (`PointGroups` of `@dr2net/layers`), dry. */
import { partsOf } from '@dr2net/layers';
import { accumulated, type DryLayer, type DrySink, DrySums, type DryTensor } from '@dr2net/memory';
import { concatenated, mapRows } from './operations.ts';
import type { Operations } from './place.ts';

export interface GroupSizes {
  /** Points that have features, of the whole batch. */
  readonly points: number;
  /** Of the whole batch. */
  readonly groups: number;
  /** Neighbours of a group. */
  readonly size: number;
  /** Features of a point. */
  readonly width: number;
  /** Entries of a neighbour in the map: its own features, and the centre's where differences are grouped. */
  readonly entries: 1 | 2;
}

/** Gives the gradient of the features, or null where it was not wanted. */
export type DryGroupsPullback = (dy: DryTensor, sink: DrySink) => DryTensor | null;

export class DryPointGroups {
  constructor(
    private readonly at: Operations,
    private readonly inner: DryLayer,
    private readonly sizes: GroupSizes,
    private readonly partRows: number,
  ) {}

  /** Groups of each part. */
  get #parts(): number[] {
    const { groups, size } = this.sizes;
    return partsOf(groups, Math.ceil((groups * size) / this.partRows)).map(({ count }) => count);
  }

  #neighbours(features: DryTensor, count: number): DryTensor {
    const { engine } = this.at;
    const { size, width, entries } = this.sizes;
    const rows = count * size;
    const positions = engine.upload(3 * rows);
    const mapped = mapRows(this.at, features, { rows, entries: rows * entries }, width);
    return engine.after(concatenated(this.at, [positions, mapped]), positions, mapped);
  }

  apply(features: DryTensor): DryTensor {
    const { engine } = this.at;
    const made = this.#parts.map((count) => {
      const x = this.#neighbours(features, count);
      return engine.after(this.inner.apply(x), x);
    });
    return engine.after(concatenated(this.at, made), ...made);
  }

  trace(features: DryTensor, wantsFeatures: boolean): { value: DryTensor; pullback: DryGroupsPullback } {
    const { engine } = this.at;
    const value = this.apply(features);
    const kept = engine.share(features);
    return { value, pullback: (dy, sink) => engine.after(this.#pull(kept, dy, sink, wantsFeatures), kept) };
  }

  #pull(features: DryTensor, dy: DryTensor, sink: DrySink, wantsFeatures: boolean): DryTensor | null {
    const { engine, family } = this.at;
    const sums = new DrySums(engine, family);
    let total: DryTensor | null = null;
    for (const count of this.#parts) {
      const dx = this.#pullPart(features, dy, count, sums.sink);
      if (wantsFeatures) {
        const gradient = this.#ofFeatures(dx, count);
        total = total ? accumulated(engine, family, total, gradient) : gradient;
      }
      engine.free(dx);
    }
    sums.handOn(sink);
    return total;
  }

  #pullPart(features: DryTensor, dy: DryTensor, count: number, sink: DrySink): DryTensor {
    const { engine } = this.at;
    const x = this.#neighbours(features, count);
    const dyPart = engine.op((dy.size / this.sizes.groups) * count, dy);
    const { value, pullback } = this.inner.trace(x);
    engine.free(value);
    return engine.after(pullback(dyPart, sink), x, dyPart);
  }

  /** What the neighbours send to the features. */
  #ofFeatures(dx: DryTensor, count: number): DryTensor {
    const { engine } = this.at;
    const { size, width, points, entries } = this.sizes;
    const own = engine.op(count * size * width, dx);
    const map = { rows: points, entries: count * size * entries };
    return engine.after(mapRows(this.at, own, map, width), own);
  }
}
