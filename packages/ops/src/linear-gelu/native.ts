/** linear + GELU of raw TensorFlow operations. What is kept of the activation is its slope. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { after, hold, rows, scope } from '../engine.ts';
import { geluOf, geluWithSlopeOf, toU } from '../gelu/native.ts';
import type { LinearKernel } from '../linear/index.ts';
import { affine, affineGradients } from '../linear/native.ts';
import { type Names, unflatten, wants } from '../linear/shared.ts';
import { raw, rawScalar } from '../native/raw.ts';
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
    const { value, slope } = scope(() => {
      const u = scaledAffine(x, weight, bias);
      const { value, slope } = after(geluWithSlopeOf(u), u);
      return { value: unflatten(value, x), slope };
    });
    const kept = [hold(x), hold(weight), after(hold(slope), slope)] as const;
    const pullback: OpPullback<Names> = once('linearGelu', kept, (dy: Tensor, wanted?: Wanted<Names>) =>
      scope(() => {
        const dy2 = rows(dy);
        const dz = after(raw('Mul', kept[2], dy2), kept[2], dy2);
        return after(affineGradients(kept[0], kept[1], dz, wants(wanted, bias)), dz);
      }),
    );
    return { value, pullback };
  },
};
