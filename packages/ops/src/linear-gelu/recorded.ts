/** linear and GELU as two recorded operations. */
import { after, scope } from '../engine.ts';
import { recorded as gelu } from '../gelu/recorded.ts';
import type { LinearKernel } from '../linear/index.ts';
import { recorded as linear } from '../linear/recorded.ts';
import { forwardOnly } from '../recorder/record.ts';

export const recorded: LinearKernel = {
  apply: (x, weight, bias) =>
    scope(() => {
      const z = linear.apply(x, weight, bias);
      return after(gelu.apply(z), z);
    }),
  trace: () => forwardOnly('linearGelu'),
};
