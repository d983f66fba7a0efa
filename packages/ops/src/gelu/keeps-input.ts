/** A GELU whose trace keeps its input, and computes the slope when the gradient is asked for. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { hold } from '../engine.ts';
import { once } from '../pullback.ts';
import type { GeluKernel } from './index.ts';

/** @param gradient dy·gelu'(x) */
export function keepsInput(apply: (x: Tensor) => Tensor, gradient: (x: Tensor, dy: Tensor) => Tensor): GeluKernel {
  return {
    apply,
    trace(x) {
      const value = apply(x);
      const kept = hold(x);
      return {
        value,
        pullback: once('gelu', [kept], (dy: Tensor, wanted?) => (wanted && !wanted.x ? {} : { x: gradient(kept, dy) })),
      };
    },
  };
}
