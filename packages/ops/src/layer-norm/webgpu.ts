/**
 * Layer normalisation in WGSL: a workgroup a row; the forward pass in one dispatch, the gradient of x in one, those of gain and bias in
 * one over blocks of rows and one over the blocks.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import { after, hold, scope } from '../engine.ts';
import { type OpPullback, once, type Wanted } from '../pullback.ts';
import { dispatch, inRow, type Shader, wide } from '../webgpu/dispatch.ts';
import { lanes, total } from '../webgpu/sum.ts';
import type { LayerNormKernel } from './index.ts';

type Names = 'x' | 'gain' | 'bias';

const row = `
  let row = group.y * ${wide}u + group.x;
  if (row >= p.rows) { return; }
  let first = row * p.width;`;

/** `stats`: mean and 1/√(var + ε) of every row. The variance is of x − mean: rows far from zero keep their digits. */
const forward: Shader = {
  name: 'dr2net layerNorm',
  inputs: { x: 'f32', gain: 'f32', bias: 'f32' },
  outputs: { y: 'f32', stats: 'f32' },
  params: { rows: 'u32', width: 'u32', epsilon: 'f32' },
  workgroup: [lanes, 1, 1],
  head: total,
  body: `${row}
  let width = f32(p.width);
  var sum = 0.0;
  for (var c = lane; c < p.width; c += ${lanes}u) { sum += x[first + c]; }
  let mean = total(lane, sum) / width;
  var squares = 0.0;
  for (var c = lane; c < p.width; c += ${lanes}u) { let d = x[first + c] - mean; squares += d * d; }
  let r = inverseSqrt(total(lane, squares) / width + p.epsilon);
  for (var c = lane; c < p.width; c += ${lanes}u) { y[first + c] = (x[first + c] - mean) * r * gain[c] + bias[c]; }
  if (lane == 0u) { stats[2u * row] = mean; stats[2u * row + 1u] = r; }`,
};

/** dx = r·(g − mean(g) − x̂·mean(g·x̂)), g = dy·gain */
const gradientOfX: Shader = {
  name: 'dr2net layerNorm dx',
  inputs: { x: 'f32', gain: 'f32', stats: 'f32', dy: 'f32' },
  outputs: { dx: 'f32' },
  params: { rows: 'u32', width: 'u32' },
  workgroup: [lanes, 1, 1],
  head: total,
  body: `${row}
  let mean = stats[2u * row];
  let r = stats[2u * row + 1u];
  var plain = 0.0;
  var along = 0.0;
  for (var c = lane; c < p.width; c += ${lanes}u) {
    let g = dy[first + c] * gain[c];
    plain += g;
    along += g * (x[first + c] - mean) * r;
  }
  let offset = total(lane, plain) / f32(p.width);
  let slope = total(lane, along) / f32(p.width);
  for (var c = lane; c < p.width; c += ${lanes}u) {
    dx[first + c] = r * (dy[first + c] * gain[c] - offset - (x[first + c] - mean) * r * slope);
  }`,
};

/** Σ dy·x̂ and Σ dy over a block of rows: [blocks, 2, width]. */
const blockSums: Shader = {
  name: 'dr2net layerNorm block sums',
  inputs: { x: 'f32', stats: 'f32', dy: 'f32' },
  outputs: { sums: 'f32' },
  params: { rows: 'u32', width: 'u32', each: 'u32' },
  workgroup: [lanes, 1, 1],
  body: `
  let c = group.x * ${lanes}u + lane;
  if (c >= p.width) { return; }
  var gain = 0.0;
  var bias = 0.0;
  let end = min(p.rows, (group.y + 1u) * p.each);
  for (var row = group.y * p.each; row < end; row++) {
    let d = dy[row * p.width + c];
    gain += d * (x[row * p.width + c] - stats[2u * row]) * stats[2u * row + 1u];
    bias += d;
  }
  sums[2u * group.y * p.width + c] = gain;
  sums[(2u * group.y + 1u) * p.width + c] = bias;`,
};

const allSums: Shader = {
  name: 'dr2net layerNorm sums',
  inputs: { sums: 'f32' },
  outputs: { gain: 'f32', bias: 'f32' },
  params: { blocks: 'u32', width: 'u32' },
  workgroup: [lanes, 1, 1],
  body: `
  let c = group.x * ${lanes}u + lane;
  if (c >= p.width) { return; }
  var g = 0.0;
  var b = 0.0;
  for (var i = 0u; i < p.blocks; i++) {
    g += sums[2u * i * p.width + c];
    b += sums[(2u * i + 1u) * p.width + c];
  }
  gain[c] = g;
  bias[c] = b;`,
};

/** Rows that one workgroup sums over, at least; and workgroups along the rows, at most. */
const [leastRows, mostBlocks] = [32, 64];

function parameterGradients(x: Tensor, stats: Tensor, dy: Tensor, rows: number, width: number) {
  const blocks = Math.min(mostBlocks, Math.ceil(rows / leastRows));
  const each = Math.ceil(rows / blocks);
  const columns = Math.ceil(width / lanes);
  const [sums] = dispatch(blockSums, [x, stats, dy], [{ shape: [blocks, 2, width] }], { rows, width, each }, [
    columns,
    blocks,
    1,
  ]) as [Tensor];
  const [gain, bias] = dispatch(allSums, [sums], [{ shape: [width] }, { shape: [width] }], { blocks, width }, [
    columns,
    1,
    1,
  ]) as [Tensor, Tensor];
  sums.dispose();
  return { gain, bias };
}

function gradients(x: Tensor, gain: Tensor, stats: Tensor, dy: Tensor, wanted?: Wanted<Names>) {
  const want = (name: Names) => wanted?.[name] ?? wanted === undefined;
  const width = gain.size;
  const rows = x.size / width;
  const result: Partial<Record<Names, Tensor>> = {};
  if (want('gain') || want('bias')) {
    const both = parameterGradients(x, stats, dy, rows, width);
    for (const name of ['gain', 'bias'] as const) {
      if (want(name)) result[name] = both[name];
      else both[name].dispose();
    }
  }
  if (want('x'))
    [result.x] = dispatch(gradientOfX, [x, gain, stats, dy], [{ shape: dy.shape }], { rows, width }, inRow(rows)) as [
      Tensor,
    ];
  return result;
}

function run(x: Tensor, gain: Tensor, bias: Tensor, epsilon: number): [value: Tensor, stats: Tensor] {
  const width = gain.size;
  const rows = x.size / width;
  const outputs = [{ shape: x.shape }, { shape: [rows, 2] }];
  return dispatch(forward, [x, gain, bias], outputs, { rows, width, epsilon }, inRow(rows)) as [Tensor, Tensor];
}

export const webgpu: LayerNormKernel = {
  apply(x, gain, bias, epsilon) {
    const [value, stats] = run(x, gain, bias, epsilon);
    return after(value, stats);
  },
  trace(x, gain, bias, epsilon) {
    const [value, stats] = run(x, gain, bias, epsilon);
    const kept = [hold(x), hold(gain), after(hold(stats), stats)] as const;
    const pullback: OpPullback<Names> = once('layerNorm', kept, (dy: Tensor, wanted?: Wanted<Names>) =>
      scope(() => gradients(...kept, dy, wanted)),
    );
    return { value, pullback };
  },
};
