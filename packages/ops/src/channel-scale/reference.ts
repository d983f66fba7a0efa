/** Channel scaling of plain tfjs ops. */
import { mul, sum, type Tensor } from '@tensorflow/tfjs-core';
import { after, hold, rows, scope } from '../engine.ts';
import { type OpPullback, once, type Wanted } from '../pullback.ts';
import type { ChannelScaleKernel, Names } from './index.ts';

function gradients(x: Tensor, gamma: Tensor, dy: Tensor, wanted?: Wanted<Names>) {
  const want = (name: Names) => wanted?.[name] ?? wanted === undefined;
  const result: Partial<Record<Names, Tensor>> = {};
  if (want('x')) result.x = mul(dy, gamma);
  if (want('gamma')) {
    const product = mul(dy, x);
    const flat = after(rows(product), product);
    result.gamma = after(sum(flat, 0), flat);
  }
  return result;
}

export const reference: ChannelScaleKernel = {
  apply: (x, gamma) => mul(x, gamma),
  trace(x, gamma) {
    const value = mul(x, gamma);
    const kept = [hold(x), hold(gamma)] as const;
    const pullback: OpPullback<Names> = once('channelScale', kept, (dy: Tensor, wanted?: Wanted<Names>) =>
      scope(() => gradients(...kept, dy, wanted)),
    );
    return { value, pullback };
  },
};
