/** Channel scaling in WGSL: one dispatch forward; two for both gradients, as the first makes that of x on its way through the rows. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { hold, scope } from '../engine.ts';
import { type OpPullback, once, type Wanted } from '../pullback.ts';
import { dispatch, inRow, type Shader, wide } from '../webgpu/dispatch.ts';
import { rowSums } from '../webgpu/row-sums.ts';
import type { ChannelScaleKernel, Names } from './index.ts';

const lanes = 64;
/** Elements of a workgroup. */
const part = 4 * lanes;

const scaleShader: Shader = {
  name: 'dr2net channelScale',
  inputs: { x: 'f32', gamma: 'f32' },
  outputs: { y: 'f32' },
  params: { size: 'u32', width: 'u32' },
  workgroup: [lanes, 1, 1],
  body: `
  let first = (group.y * ${wide}u + group.x) * ${part}u;
  for (var e = 0u; e < 4u; e++) {
    let at = first + e * ${lanes}u + lane;
    if (at < p.size) { y[at] = x[at] * gamma[at % p.width]; }
  }`,
};

function scale(x: Tensor, gamma: Tensor): Tensor {
  const params = { size: x.size, width: gamma.size };
  return dispatch(scaleShader, [x, gamma], [{ shape: x.shape }], params, inRow(Math.ceil(x.size / part)))[0]!;
}

const terms = { dgamma: 'dy[at] * x[at]' };
const gradientOfGamma = rowSums({ name: 'channelScale', inputs: ['x', 'dy'], terms });
const bothGradients = rowSums({
  name: 'channelScale',
  inputs: ['x', 'dy', 'gamma'],
  terms,
  maps: { dx: 'dy[at] * gamma[c]' },
});

function gradients(x: Tensor, gamma: Tensor, dy: Tensor, wanted: Wanted<Names> = { x: true, gamma: true }) {
  const [rows, width] = [x.size / gamma.size, gamma.size];
  if (!wanted.gamma) return wanted.x ? { x: scale(dy, gamma) } : {};
  if (!wanted.x) return { gamma: gradientOfGamma([x, dy], rows, width, [])[0]! };
  const [dx, dgamma] = bothGradients([x, dy, gamma], rows, width, x.shape) as [Tensor, Tensor];
  return { x: dx, gamma: dgamma };
}

export const webgpu: ChannelScaleKernel = {
  apply: scale,
  trace(x, gamma) {
    const value = scale(x, gamma);
    const kept = [hold(x), hold(gamma)] as const;
    const pullback: OpPullback<Names> = once('channelScale', kept, (dy: Tensor, wanted?: Wanted<Names>) =>
      scope(() => gradients(...kept, dy, wanted)),
    );
    return { value, pullback };
  },
};
