/** Dropout and stochastic depth, dry: a mask from the host, of the input's size or one number a sample. */
import type { DryLayer } from '@dr2net/memory';
import type { BlocksSpec } from '../transformer/spec.ts';
import type { Place as PlaceOf } from './place.ts';

type Place = Pick<PlaceOf<BlocksSpec>, 'engine' | 'batch'>;

/** @param maskSize elements of the mask, of those of the input */
function masking({ engine }: Place, maskSize: (size: number) => number): DryLayer {
  return {
    diagonal: { trains: false },
    apply(x) {
      const mask = engine.upload(maskSize(x.size));
      return engine.after(engine.op(x.size, x, mask), mask);
    },
    trace(x) {
      const mask = engine.upload(maskSize(x.size));
      return {
        value: engine.op(x.size, x, mask),
        pullback: (dy) => engine.after(engine.op(dy.size, dy, mask), mask),
      };
    },
  };
}

export const dryDropout = (at: Place): DryLayer => masking(at, (size) => size);
export const dryDropPath = (at: Place): DryLayer => masking(at, () => at.batch);
