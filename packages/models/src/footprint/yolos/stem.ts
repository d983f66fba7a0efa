/** The stem of a YOLOS, dry: patches, the class token before them, the detection tokens behind, positions (`yolos/modules.ts`). */
import type { DryInputLayer, DryLayer, DryParameter } from '@dr2net/memory';
import { dryInputSequential, dryLearnedPosition, dryPatches, dryPrefixTokens } from '../stem.ts';
import type { YolosPlace } from './place.ts';

/** `SuffixTokens` of `@dr2net/layers`. */
function suffixTokens({ engine, batch }: YolosPlace, tokens: DryParameter): DryLayer {
  const size = batch * tokens.size;
  const apply: DryLayer['apply'] = (x) => {
    const tiled = engine.op(size, tokens.tensor);
    return engine.after(engine.op(x.size + size, x, tiled), tiled);
  };
  return {
    apply,
    trace: (x) => ({
      value: apply(x),
      pullback: (dy, sink) => {
        if (tokens.trainable) {
          const cut = engine.op(size, dy);
          sink(tokens, engine.after(engine.op(tokens.size, cut), cut));
        }
        return engine.op(dy.size - size, dy);
      },
    }),
  };
}

export function dryYolosStem(at: YolosPlace): DryInputLayer {
  const { engine, take } = at;
  return dryInputSequential(engine, dryPatches(at), [
    dryPrefixTokens(at, [take('stem.class')]),
    suffixTokens(at, take('stem.detection')),
    dryLearnedPosition(at, take('stem.position')),
  ]);
}
