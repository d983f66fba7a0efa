/** GELU by our SIMD kernels on wasm. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { after } from '../engine.ts';
import { layers } from '../simd/layers.ts';
import { float, onHeap } from '../simd/run.ts';
import { keepsInput } from './keeps-input.ts';

function forward(x: Tensor): Tensor {
  return onHeap(layers, [x], [float(...x.shape)], ({ kernels }, [X], [Y]) => kernels.activate(X!, x.size, Y!))[0]!;
}

function gradient(x: Tensor, dy: Tensor): Tensor {
  const outputs = [float(...x.shape), float(...x.shape)];
  const [value, dx] = onHeap(layers, [x, dy], outputs, ({ kernels }, [X, D], [Y, S]) => {
    kernels.activateWithSlope(X!, x.size, Y!, S!);
    kernels.multiply(S!, D!, x.size, S!);
  });
  return after(dx!, value!);
}

export const simd = keepsInput(forward, gradient);
