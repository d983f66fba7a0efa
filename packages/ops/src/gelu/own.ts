/** GELU by operations of our own (native/kernels/gelu.cc). */
import { mul, type Tensor } from '@tensorflow/tfjs-core';
import { after, hold } from '../engine.ts';
import { own as run } from '../native/own.ts';
import { once } from '../pullback.ts';
import type { GeluKernel } from './index.ts';

function gradient(x: Tensor, dy: Tensor): Tensor {
  const [value, slope] = run('Dr2netGeluWithSlope', [x], 2);
  value!.dispose();
  return after(mul(slope!, dy), slope!);
}

export const own: GeluKernel = {
  apply: (x) => run('Dr2netGelu', [x], 1)[0]!,
  trace(x) {
    const value = own.apply(x);
    const kept = hold(x);
    return {
      value,
      pullback: once('gelu', [kept], (dy: Tensor, wanted?) => (wanted && !wanted.x ? {} : { x: gradient(kept, dy) })),
    };
  },
};
