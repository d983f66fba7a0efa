/**
 * Layer normalisation in WGSL: a workgroup a row; the forward pass in one dispatch, the gradient of x in one, those of gain and bias in
 * one over blocks of rows and one over the blocks.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import { after, hold, scope } from '../engine.ts';
import { type OpPullback, once, type Wanted } from '../pullback.ts';
import { dispatch, inRow, type Shader, wide } from '../webgpu/dispatch.ts';
import { rowSums } from '../webgpu/row-sums.ts';
import { bothWays, lanes, type Way, wayHere } from '../webgpu/sum.ts';
import type { LayerNormKernel } from './index.ts';

type Names = 'x' | 'gain' | 'bias';

const row = `
  let row = group.y * ${wide}u + group.x;
  if (row >= p.rows) { return; }
  let first = row * p.width;`;

/** `stats`: mean and 1/√(var + ε) of every row. The variance is of x − mean: rows far from zero keep their digits. */
const forward = bothWays({
  name: 'dr2net layerNorm',
  inputs: { x: 'f32', gain: 'f32', bias: 'f32' },
  outputs: { y: 'f32', stats: 'f32' },
  params: { rows: 'u32', width: 'u32', epsilon: 'f32' },
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
});

/** dx = r·(g − mean(g) − x̂·mean(g·x̂)), g = dy·gain */
const gradientOfX = bothWays({
  name: 'dr2net layerNorm dx',
  inputs: { x: 'f32', gain: 'f32', stats: 'f32', dy: 'f32' },
  outputs: { dx: 'f32' },
  params: { rows: 'u32', width: 'u32' },
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
});

/** Σ dy·x̂ and Σ dy */
const parameterGradients = rowSums({
  name: 'layerNorm',
  inputs: ['x', 'stats', 'dy'],
  terms: { gain: 'dy[at] * (x[at] - stats[2u * row]) * stats[2u * row + 1u]', bias: 'dy[at]' },
});

function gradients(x: Tensor, gain: Tensor, stats: Tensor, dy: Tensor, shader: Shader, wanted?: Wanted<Names>) {
  const want = (name: Names) => wanted?.[name] ?? wanted === undefined;
  const width = gain.size;
  const rows = x.size / width;
  const result: Partial<Record<Names, Tensor>> = {};
  if (want('gain') || want('bias')) {
    const sums = parameterGradients([x, stats, dy], rows, width, []);
    for (const [i, name] of (['gain', 'bias'] as const).entries()) {
      if (want(name)) result[name] = sums[i]!;
      else sums[i]!.dispose();
    }
  }
  if (want('x'))
    [result.x] = dispatch(shader, [x, gain, stats, dy], [{ shape: dy.shape }], { rows, width }, inRow(rows)) as [
      Tensor,
    ];
  return result;
}

function run(x: Tensor, gain: Tensor, bias: Tensor, epsilon: number, way: Way): [value: Tensor, stats: Tensor] {
  const width = gain.size;
  const rows = x.size / width;
  const outputs = [{ shape: x.shape }, { shape: [rows, 2] }];
  return dispatch(forward[way], [x, gain, bias], outputs, { rows, width, epsilon }, inRow(rows)) as [Tensor, Tensor];
}

/** With sums over a workgroup in a given way; the device's by default. */
export const summing = (wayOf: () => Way): LayerNormKernel => ({
  apply(x, gain, bias, epsilon) {
    const [value, stats] = run(x, gain, bias, epsilon, wayOf());
    return after(value, stats);
  },
  trace(x, gain, bias, epsilon) {
    const [value, stats] = run(x, gain, bias, epsilon, wayOf());
    const kept = [hold(x), hold(gain), after(hold(stats), stats)] as const;
    const pullback: OpPullback<Names> = once('layerNorm', kept, (dy: Tensor, wanted?: Wanted<Names>) =>
      scope(() => gradients(...kept, dy, gradientOfX[wayOf()], wanted)),
    );
    return { value, pullback };
  },
});

export const webgpu = summing(wayHere);
