/** A layer on its rows a part at a time (`byRows` of `@dr2net/layers`), dry. */
import type { DryEngine, DryTensor } from '../engine.ts';
import type { DryLayer, DrySink } from '../layer.ts';
import type { KernelFamily } from './family.ts';
import { DrySums, joined, partsOf } from './parts.ts';

/**
 * A layer on its rows a part at a time (`byRows` of `@dr2net/layers`), dry.
 * @param width elements of a row, before and after the layer
 */
export function dryByRows(
  engine: DryEngine,
  family: KernelFamily,
  inner: DryLayer,
  width: number,
  chunks: number,
): DryLayer {
  if (chunks === 1) return inner;
  const parts = (x: DryTensor) => partsOf(x.size / width, chunks).map((rows) => rows * width);
  const apply = (x: DryTensor) =>
    joined(
      engine,
      parts(x).map((elements) => {
        const part = engine.op(elements, x);
        return engine.after(inner.apply(part), part);
      }),
    );
  /** Values are collected in `values` where it is given. */
  const pull = (x: DryTensor, dy: DryTensor, sink: DrySink, values?: DryTensor[]) => {
    const sums = new DrySums(engine, family);
    const gradients = parts(x).map((elements) => {
      const [part, dyPart] = [engine.op(elements, x), engine.op(elements, dy)];
      const { value, pullback } = inner.trace(part);
      engine.free(part);
      if (values) values.push(value);
      else engine.free(value);
      return engine.after(pullback(dyPart, sums.sink), dyPart);
    });
    const gradient = joined(engine, gradients);
    sums.handOn(sink);
    return gradient;
  };
  return {
    apply,
    trace(x) {
      const value = apply(x);
      const kept = engine.share(x);
      return { value, pullback: (dy, sink) => engine.after(pull(kept, dy, sink), kept) };
    },
    revisit(x, dy, sink) {
      const values: DryTensor[] = [];
      const gradient = pull(x, dy, sink, values);
      return { value: joined(engine, values), gradient };
    },
  };
}
