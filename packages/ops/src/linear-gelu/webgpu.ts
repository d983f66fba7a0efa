/** linear + GELU in WGSL: the activation and its slope are made where the product is stored. */
import { mul, type Tensor } from '@tensorflow/tfjs-core';
import { after, hold, scope } from '../engine.ts';
import type { LinearKernel } from '../linear/index.ts';
import { type Names, wants } from '../linear/shared.ts';
import { forward, gradients } from '../linear/webgpu.ts';
import { type OpPullback, once, type Wanted } from '../pullback.ts';

export const webgpu: LinearKernel = {
  apply: (x, weight, bias) => forward(x, weight, bias, 'gelu')[0]!,
  trace(x, weight, bias) {
    const [value, slope] = forward(x, weight, bias, 'geluAndSlope') as [Tensor, Tensor];
    const kept = [hold(x), hold(weight), after(hold(slope), slope)] as const;
    const pullback: OpPullback<Names> = once('linearGelu', kept, (dy: Tensor, wanted?: Wanted<Names>) =>
      scope(() => {
        const dz = after(mul(dy, kept[2]), kept[2]);
        return after(gradients(kept[0], kept[1], dz, wants(wanted, bias)), dz);
      }),
    );
    return { value, pullback };
  },
};
