/** linear + GELU of raw TensorFlow operations. Kept is u = z/√2, which GELU and its slope are functions of. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { after, hold, rows, scope } from '../engine.ts';
import { geluGradientOf, geluOf, toU } from '../gelu/native.ts';
import type { LinearKernel } from '../linear/index.ts';
import { affine, affineGradients } from '../linear/native.ts';
import { type Names, unflatten, wants } from '../linear/shared.ts';
import { rawScalar } from '../native/raw.ts';
import { type OpPullback, once, type Wanted } from '../pullback.ts';

/** (x·W + b)/√2: scaling the weight is a fraction of scaling the activations. */
function scaledAffine(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const w = rawScalar('Mul', weight, toU);
  const b = bias && rawScalar('Mul', bias, toU);
  const u = after(affine(x, w, b), w);
  b?.dispose();
  return u;
}

export const native: LinearKernel = {
  apply: (x, weight, bias) =>
    scope(() => {
      const u = scaledAffine(x, weight, bias);
      return unflatten(after(geluOf(u), u), x);
    }),
  trace(x, weight, bias) {
    const { u, value } = scope(() => {
      const u = scaledAffine(x, weight, bias);
      return { u, value: unflatten(geluOf(u), x) };
    });
    const kept = [hold(x), hold(weight)] as const;
    const activation = after(hold(u), u);
    const pullback: OpPullback<Names> = once(
      'linearGelu',
      [...kept, activation],
      (dy: Tensor, wanted?: Wanted<Names>) =>
        scope(() => {
          const dy2 = rows(dy);
          const dz = after(geluGradientOf(activation, dy2), activation, dy2);
          return after(affineGradients(...kept, dz, wants(wanted, bias)), dz);
        }),
    );
    return { value, pullback };
  },
};
