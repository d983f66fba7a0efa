/** GELU by our SIMD kernels on wasm. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { after, hold } from '../engine.ts';
import { once } from '../pullback.ts';
import { float, onHeap } from '../simd/run.ts';
import type { GeluKernel } from './index.ts';

function forward(x: Tensor): Tensor {
  return onHeap([x], [float(...x.shape)], ({ kernels }, [X], [Y]) => kernels.activate(X!, x.size, Y!))[0]!;
}

function gradient(x: Tensor, dy: Tensor): Tensor {
  const outputs = [float(...x.shape), float(...x.shape)];
  const [value, dx] = onHeap([x, dy], outputs, ({ kernels }, [X, D], [Y, S]) => {
    kernels.activateWithSlope(X!, x.size, Y!, S!);
    kernels.multiply(S!, D!, x.size, S!);
  });
  return after(dx!, value!);
}

export const simd: GeluKernel = {
  apply: forward,
  trace(x) {
    const value = forward(x);
    const kept = hold(x);
    return {
      value,
      pullback: once('gelu', [kept], (dy: Tensor, wanted?) => (wanted && !wanted.x ? {} : { x: gradient(kept, dy) })),
    };
  },
};
