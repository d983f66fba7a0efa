/** linear + GELU of plain tfjs ops: what is kept of the activation is its slope. */
import { mul, type Tensor } from '@tensorflow/tfjs-core';
import { after, hold, scope } from '../engine.ts';
import { gelu, geluWithSlope } from '../gelu/reference.ts';
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
    const { value, slope } = scope(() => {
      const z = linear.apply(x, weight, bias);
      return after(geluWithSlope(z), z);
    });
    const kept = [hold(x), hold(weight), after(hold(slope), slope)] as const;
    const pullback: OpPullback<Names> = once('linearGelu', kept, (dy: Tensor, wanted?: Wanted<Names>) =>
      scope(() => {
        const dz = after(mul(dy, kept[2]), kept[2]);
        return after(linearGradients(kept[0], kept[1], dz, wants(wanted, bias)), dz);
      }),
    );
    return { value, pullback };
  },
};
