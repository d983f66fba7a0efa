/** A linear layer of each member of a group beside the group's maximum, dry (`group-linear.ts` of `@dr2net/layers`). */
import { affine, affineGradients, type DryLayer, type DryParameter, type DryTensor, sumOfRows } from '@dr2net/memory';
import { concatenated, most as maximum, spread, winners } from './operations.ts';
import { type Operations, weightOf } from './place.ts';

export interface DryGroupLinearParts {
  /** [2·C, out] */
  readonly weight: DryParameter;
  readonly bias: DryParameter | null;
}

/** x [groups, size, C] → [groups, size, out] */
export function dryGroupLinear(at: Operations, { weight, bias }: DryGroupLinearParts, size: number): DryLayer {
  const { engine, family } = at;
  const [rows, out] = weight.shape as [number, number];
  const half = () => weightOf(engine.op(weight.size / 2, weight.tensor), [rows / 2, out], weight.trainable);
  const made = (x: DryTensor, most: DryTensor, ofMost: DryParameter, ofOwn: DryParameter) => {
    const brought = affine(engine, family, most, { weight: ofMost, bias });
    const own = affine(engine, family, x, { weight: ofOwn, bias: null });
    return engine.after(engine.op(own.size, own, brought), own, brought);
  };
  return {
    apply(x) {
      const most = maximum(at, x, size);
      const [ofMost, ofOwn] = [half(), half()];
      return engine.after(made(x, most, ofMost, ofOwn), most, ofMost.tensor, ofOwn.tensor);
    },
    trace(x) {
      const { value: most, winner } = winners(at, x, size);
      const kept = engine.share(x);
      const [ofMost, ofOwn] = [half(), half()];
      return {
        value: made(x, most, ofMost, ofOwn),
        pullback(dy, sink) {
          const dBrought = sumOfRows(engine, family, dy, dy.size / size);
          const high = affineGradients(engine, family, most, ofMost, dBrought, (name) =>
            name === 'x' ? true : name === 'weight' ? weight.trainable : (bias?.trainable ?? false),
          );
          engine.free(dBrought);
          const own = affineGradients(engine, family, kept, ofOwn, dy, (name) =>
            name === 'x' ? true : name === 'weight' && weight.trainable,
          );
          const ofWinners = spread(at, winner, high.x!, size);
          const dx = engine.after(engine.op(kept.size, own.x!, ofWinners), ofWinners, own.x, high.x);
          if (high.weight && own.weight)
            sink(weight, engine.after(concatenated(at, [high.weight, own.weight]), high.weight, own.weight));
          if (high.bias) sink(bias!, high.bias);
          return engine.after(dx, most, winner, kept, ofMost.tensor, ofOwn.tensor);
        },
      };
    },
  };
}
