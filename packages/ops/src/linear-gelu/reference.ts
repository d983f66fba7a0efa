/** linear + GELU of plain tfjs ops: the pullback recomputes GELU's slope from the pre-activation. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { after, hold, scope } from '../engine.ts';
import { gelu, geluGradient } from '../gelu/reference.ts';
import type { LinearKernel } from '../linear/index.ts';
import { reference as linear, linearGradients } from '../linear/reference.ts';
import { type Names, wants } from '../linear/shared.ts';
import { type OpPullback, once, type Wanted } from '../pullback.ts';

export const reference: LinearKernel = {
  apply: (x, weight, bias) =>
    scope(() => {
      const z = linear.apply(x, weight, bias);
      return after(gelu(z), z);
    }),
  trace(x, weight, bias) {
    const { z, value } = scope(() => {
      const z = linear.apply(x, weight, bias);
      return { z, value: gelu(z) };
    });
    const kept = [hold(x), hold(weight)] as const;
    const activation = after(hold(z), z);
    const pullback: OpPullback<Names> = once(
      'linearGelu',
      [...kept, activation],
      (dy: Tensor, wanted?: Wanted<Names>) =>
        scope(() => {
          const dz = after(geluGradient(activation, dy), activation);
          return after(linearGradients(...kept, dz, wants(wanted, bias)), dz);
        }),
    );
    return { value, pullback };
  },
};
