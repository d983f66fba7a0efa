/** The gradient of gather in WGSL: every element of the table looks for its row among the indices; no atomics. */
import { type Kernel, run } from '../webgpu/each.ts';
import type { ScatterSum } from './index.ts';

const kernel: Kernel = {
  name: 'gather gradient',
  alone: true,
  inputs: { rows: 'i32', dy: 'f32' },
  output: 'f32',
  params: { count: 'i32', width: 'i32' },
  body: `
    let row = index / p.width;
    let column = index % p.width;
    var sum = 0.0;
    for (var i = 0; i < p.count; i++) {
      if (rows[i] == row) { sum += dy[i * p.width + column]; }
    }
    result[index] = sum;`,
};

export const webgpu: ScatterSum = (indices, dy, shape) =>
  run(kernel, [indices, dy], { count: indices.size, width: dy.size / indices.size }, shape);
