/** LayerScale (Touvron et al., arXiv 2103.17239): each channel times a learned number. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { channels, expectShape } from '../check.ts';
import { choose } from '../engine.ts';
import type { TracedOp } from '../pullback.ts';
import { reference } from './reference.ts';
import { webgpu } from './webgpu.ts';

export type Names = 'x' | 'gamma';

/** What an implementation of {@link channelScale} does. */
export interface ChannelScaleKernel {
  /** x [..., C], gamma [C] → x·γ */
  apply(x: Tensor, gamma: Tensor): Tensor;
  trace(x: Tensor, gamma: Tensor): TracedOp<Names>;
}

function check(x: Tensor, gamma: Tensor): void {
  expectShape('channelScale', 'gamma', gamma, [channels('channelScale', x)], `x is [${x.shape}]`);
}

const kernel = () => choose<ChannelScaleKernel>({ reference, webgpu }, 'channelScale');

/** x·γ over the last axis. The trace keeps x and γ (shared). */
export const channelScale: ChannelScaleKernel = {
  apply(x, gamma) {
    check(x, gamma);
    return kernel().apply(x, gamma);
  },
  trace(x, gamma) {
    check(x, gamma);
    return kernel().trace(x, gamma);
  },
};
