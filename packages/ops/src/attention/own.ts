/** Attention by two operations of our own (native/kernels/attention.cc): operands and results stay where the projections have them. */
import { type Tensor, tensor1d } from '@tensorflow/tfjs-core';
import { after } from '../engine.ts';
import { own as run } from '../native/own.ts';
import type { Geometry } from './geometry.ts';
import { keepingQkv } from './keeping-qkv.ts';

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

export const own = keepingQkv(apply, gradient);
