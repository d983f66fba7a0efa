/** A sum that grows in its own buffer: one WGSL dispatch. */
import { dispatch, inRow, type Shader, wide } from '../webgpu/dispatch.ts';
import type { Accumulate } from './index.ts';

const lanes = 128;

const shader: Shader = {
  name: 'dr2net accumulate',
  inputs: { term: 'f32' },
  outputs: { sum: 'f32' },
  params: { size: 'u32' },
  workgroup: [lanes, 1, 1],
  body: `
  let index = (group.y * ${wide}u + group.x) * ${lanes}u + lane;
  if (index < p.size) { sum[index] = sum[index] + term[index]; }`,
};

export const webgpu: Accumulate = (sum, term) => {
  dispatch(shader, [term], [sum], { size: sum.size }, inRow(Math.ceil(sum.size / lanes)));
  term.dispose();
  return sum;
};
