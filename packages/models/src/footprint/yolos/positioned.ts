/** A sub-block with positions of its own inside the branch, dry (`positioned` of `@dr2net/layers`): F(x) = p + f(x + p). */
import type { DryLayer, DryParameter, DrySink, DryTensor } from '@dr2net/memory';
import { sumOfSamples } from '../stem.ts';
import type { YolosPlace } from './place.ts';

export function dryPositioned(at: YolosPlace, inner: DryLayer, table: DryParameter): DryLayer {
  const { engine } = at;
  const moved = (x: DryTensor) => engine.op(x.size, x, table.tensor);
  const deliver = (through: DryTensor, dy: DryTensor, sink: DrySink) => {
    if (!table.trainable) return;
    const both = engine.op(dy.size, through, dy);
    sink(table, engine.after(sumOfSamples(at, both), both));
  };
  const { revisit } = inner;
  return {
    apply(x) {
      const z = moved(x);
      const value = inner.apply(z);
      return engine.after(moved(value), z, value);
    },
    trace(x) {
      const z = moved(x);
      const { value, pullback } = inner.trace(z);
      const shifted = moved(value);
      engine.free(z, value);
      return {
        value: shifted,
        pullback: (dy, sink) => {
          const through = pullback(dy, sink);
          deliver(through, dy, sink);
          return through;
        },
      };
    },
    ...(revisit && {
      revisit: (x: DryTensor, dy: DryTensor, sink: DrySink) => {
        const z = moved(x);
        const { value, gradient } = revisit(z, dy, sink);
        engine.free(z);
        deliver(gradient, dy, sink);
        return { value: engine.after(moved(value), value), gradient };
      },
    }),
  };
}
