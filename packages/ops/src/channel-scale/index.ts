/** LayerScale (Touvron et al., arXiv 2103.17239): each channel times a learned number. */
import { mul, sum, type Tensor } from '@tensorflow/tfjs-core';
import { channels, expectShape } from '../check.ts';
import { after, hold, rows, scope } from '../engine.ts';
import { type OpPullback, once, type TracedOp, type Wanted } from '../pullback.ts';

type Names = 'x' | 'gamma';

export interface ChannelScaleKernel {
  /** x [..., C], gamma [C] → x·γ */
  apply(x: Tensor, gamma: Tensor): Tensor;
  trace(x: Tensor, gamma: Tensor): TracedOp<Names>;
}

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

/** x·γ over the last axis. The trace keeps x and γ (shared). */
export const channelScale: ChannelScaleKernel = {
  apply(x, gamma) {
    expectShape('channelScale', 'gamma', gamma, [channels('channelScale', x)], `x is [${x.shape}]`);
    return mul(x, gamma);
  },
  trace(x, gamma) {
    const value = channelScale.apply(x, gamma);
    const kept = [hold(x), hold(gamma)] as const;
    const pullback: OpPullback<Names> = once('channelScale', kept, (dy: Tensor, wanted?: Wanted<Names>) =>
      scope(() => gradients(...kept, dy, wanted)),
    );
    return { value, pullback };
  },
};
