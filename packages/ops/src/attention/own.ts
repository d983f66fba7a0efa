/** Attention by two operations of our own (native/kernels/attention.cc): operands and results stay where the projections have them. */
import { type Tensor, tensor1d } from '@tensorflow/tfjs-core';
import { after, hold } from '../engine.ts';
import { own as run } from '../native/own.ts';
import { type OpPullback, once } from '../pullback.ts';
import { type Geometry, geometry } from './geometry.ts';
import type { AttentionKernel } from './index.ts';

function apply(qkv: Tensor, { heads, scale }: Geometry): Tensor {
  const numbers = tensor1d([heads, scale]);
  const [value] = run('Dr2netAttention', [qkv, numbers], 1);
  return after(value!, numbers);
}

function gradient(qkv: Tensor, { heads, scale }: Geometry, dy: Tensor): Tensor {
  const numbers = tensor1d([heads, scale]);
  const [dqkv] = run('Dr2netAttentionGradient', [qkv, dy, numbers], 1);
  return after(dqkv!, numbers);
}

export const own: AttentionKernel = {
  apply: (qkv, options) => apply(qkv, geometry(qkv, options)),
  trace(qkv, options) {
    const g = geometry(qkv, options);
    const value = apply(qkv, g);
    const kept = hold(qkv);
    const pullback: OpPullback<'qkv'> = once('attention', [kept], (dy: Tensor, wanted?) =>
      wanted && !wanted.qkv ? {} : { qkv: gradient(kept, g, dy) },
    );
    return { value, pullback };
  },
};
