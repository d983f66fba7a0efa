/** A layer on its rows a part at a time (`chunked` of `@dr2net/layers`), dry. */
import type { DryEngine, DryTensor } from '../engine.ts';
import type { DryLayer, DryParameter, DrySink } from '../layer.ts';

/** @param width elements of a row, before and after the layer */
export function dryChunked(engine: DryEngine, inner: DryLayer, width: number, chunks: number): DryLayer {
  if (chunks === 1) return inner;
  const overParts = (x: DryTensor, body: (elements: number) => DryTensor): DryTensor => {
    const rows = x.size / width;
    const each = Math.ceil(rows / chunks);
    const made: DryTensor[] = [];
    for (let from = 0; from < rows; from += each) made.push(body(width * Math.min(each, rows - from)));
    return engine.after(engine.op(x.size, ...made), ...made);
  };
  const apply = (x: DryTensor) =>
    overParts(x, (elements) => {
      const part = engine.op(elements, x);
      return engine.after(inner.apply(part), part);
    });
  return {
    apply,
    trace(x) {
      const value = apply(x);
      const kept = engine.share(x);
      return {
        value,
        pullback: (dy, sink) => {
          const sums = new Map<DryParameter, DryTensor>();
          const add: DrySink = (parameter, gradient) => {
            const known = sums.get(parameter);
            sums.set(
              parameter,
              known ? engine.after(engine.op(gradient.size, known, gradient), known, gradient) : gradient,
            );
          };
          const dx = overParts(kept, (elements) => {
            const [part, dyPart] = [engine.op(elements, kept), engine.op(elements, dy)];
            const traced = inner.trace(part);
            engine.free(traced.value, part);
            return engine.after(traced.pullback(dyPart, add), dyPart);
          });
          for (const [parameter, sum] of sums) sink(parameter, sum);
          return engine.after(dx, kept);
        },
      };
    },
  };
}
