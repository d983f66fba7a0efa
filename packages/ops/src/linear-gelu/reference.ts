/** linear + GELU of plain tfjs ops: the pullback recomputes GELU's slope from the pre-activation. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { after, hold, scope } from '../engine.ts';
import { gelu, geluGradient } from '../gelu/reference.ts';
import type { LinearKernel } from '../linear/index.ts';
import { reference as linear, linearGradients } from '../linear/reference.ts';
import { type OpPullback, once, type Wanted } from '../pullback.ts';

type Names = 'x' | 'weight' | 'bias';

export const reference: LinearKernel = {
  apply: (x, weight, bias) =>
    scope(() => {
      const before = linear.apply(x, weight, bias);
      return after(gelu(before), before);
    }),
  trace(x, weight, bias) {
    const { before, value } = scope(() => {
      const before = linear.apply(x, weight, bias);
      return { before, value: gelu(before) };
    });
    const kept = [hold(x), hold(weight)] as const;
    const activation = hold(before);
    before.dispose();
    const pullback: OpPullback<Names> = once(
      'linearGelu',
      [...kept, activation],
      (dy: Tensor, wanted?: Wanted<Names>) =>
        scope(() => {
          const d = geluGradient(activation, dy);
          activation.dispose();
          const result = linearGradients(...kept, bias !== undefined, d, wanted);
          d.dispose();
          return result;
        }),
    );
    return { value, pullback };
  },
};
