/** GELU as loops over the values (wasm heap, cpu), with tabulated Φ and slope. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { onHost } from '../host.ts';
import { keepsInput } from './keeps-input.ts';
import { lookUp, normalTable, slopeTable } from './table.ts';

function forward(x: Tensor): Tensor {
  return onHost([x], [{ shape: x.shape, dtype: 'float32' }], ([from], [to]) => {
    for (let i = 0; i < to!.length; i++) {
      const v = from![i]!;
      to![i] = v * lookUp(normalTable, v);
    }
  })[0]!;
}

function gradient(x: Tensor, dy: Tensor): Tensor {
  return onHost([x, dy], [{ shape: x.shape, dtype: 'float32' }], ([from, d], [to]) => {
    for (let i = 0; i < to!.length; i++) to![i] = d![i]! * lookUp(slopeTable, from![i]!);
  })[0]!;
}

export const host = keepsInput(forward, gradient);
