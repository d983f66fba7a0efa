/** A map of rows in WGSL: every element of the result sums its own entries, in their order. */
import { dispose, tensor1d } from '@tensorflow/tfjs-core';
import { type Kernel, run } from '../webgpu/each.ts';
import type { CombineRows } from './index.ts';

const kernel: Kernel = {
  name: 'rowMap',
  alone: true,
  inputs: { x: 'f32', offsets: 'i32', sources: 'i32', weights: 'f32' },
  output: 'f32',
  params: { width: 'i32' },
  body: `
    let row = index / p.width;
    let column = index % p.width;
    var sum = 0.0;
    for (var e = offsets[row]; e < offsets[row + 1]; e++) { sum += weights[e] * x[sources[e] * p.width + column]; }
    result[index] = sum;`,
};

export const webgpu: CombineRows = ({ rows, offsets, sources, weights }, x) => {
  const lists = [tensor1d(offsets, 'int32'), tensor1d(sources, 'int32'), tensor1d(weights, 'float32')];
  try {
    const width = x.shape.at(-1)!;
    return run(kernel, [x, ...lists], { width }, [rows, width]);
  } finally {
    dispose(lists);
  }
};
