/** Window attention by two operations of our own (native/kernels/window_attention.cc): operands and results stay where the projections have them. */
import { type Tensor, tensor, tensor1d } from '@tensorflow/tfjs-core';
import { geometry } from '../attention/geometry.ts';
import { after } from '../engine.ts';
import { own as run } from '../native/own.ts';
import type { WindowAttentionOptions } from './index.ts';
import { keepingInputs } from './keeping-inputs.ts';

/** The mask, or one of no windows; freed with the scope. */
const maskOf = ({ mask }: WindowAttentionOptions, tokens: number): Tensor => mask ?? tensor([], [0, tokens, tokens]);

function apply(qkv: Tensor, bias: Tensor, options: WindowAttentionOptions): Tensor {
  const { tokens, heads, scale } = geometry(qkv, options);
  const [value] = run('Dr2netWindowAttention', [qkv, bias, maskOf(options, tokens), tensor1d([heads, scale])], 1);
  return value!;
}

function gradients(qkv: Tensor, bias: Tensor, options: WindowAttentionOptions, dy: Tensor, wantsBias: boolean) {
  const { tokens, heads, scale } = geometry(qkv, options);
  const numbers = tensor1d([heads, scale, wantsBias ? 1 : 0]);
  const inputs = [qkv, bias, maskOf(options, tokens), dy, numbers];
  const [dqkv, dBias] = run('Dr2netWindowAttentionGradient', inputs, 2);
  return wantsBias ? { qkv: dqkv!, bias: dBias! } : after({ qkv: dqkv! }, dBias!);
}

export const own = keepingInputs(apply, gradients);
