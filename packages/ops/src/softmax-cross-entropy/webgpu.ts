/**
 * The loss in WGSL. One dispatch forward: one workgroup goes through the rows, as a batch of logits is small beside everything before it, and
 * the mean needs no second one. One dispatch for the gradient.
 */
import { cast, type Tensor } from '@tensorflow/tfjs-core';
import { hold, scope } from '../engine.ts';
import { type OpPullback, once } from '../pullback.ts';
import { dispatch, inRow, type Shader, wide } from '../webgpu/dispatch.ts';
import { bothWays, lanes, type Way, wayHere } from '../webgpu/sum.ts';
import type { SoftmaxCrossEntropyKernel } from './index.ts';

/** Of every row, with the powers e^(x − max): Σ t·(max − x + log Σ powers). `stats`: max, and Σt/Σ powers. */
const forward = bothWays({
  name: 'dr2net softmaxCrossEntropy',
  inputs: { logits: 'f32', targets: 'f32' },
  outputs: { loss: 'f32', stats: 'f32' },
  params: { rows: 'u32', width: 'u32' },
  body: `
  var losses = 0.0;
  for (var row = 0u; row < p.rows; row++) {
    let first = row * p.width;
    var top = logits[first];
    for (var c = lane; c < p.width; c += ${lanes}u) { top = max(top, logits[first + c]); }
    top = largest(lane, top);
    var powers = 0.0;
    var mass = 0.0;
    var below = 0.0;
    for (var c = lane; c < p.width; c += ${lanes}u) {
      let t = targets[first + c];
      let depth = top - logits[first + c];
      powers += exp(-depth);
      mass += t;
      below += t * depth;
    }
    powers = total(lane, powers);
    mass = total(lane, mass);
    losses += total(lane, below) + mass * log(powers);
    if (lane == 0u) { stats[2u * row] = top; stats[2u * row + 1u] = mass / powers; }
  }
  if (lane == 0u) { loss[0] = losses / f32(p.rows); }`,
});

/** Elements of a workgroup. */
const part = 4 * lanes;

/** (softmax(logits)·Σt − t)·dy/B */
const gradient: Shader = {
  name: 'dr2net softmaxCrossEntropy dx',
  inputs: { logits: 'f32', targets: 'f32', stats: 'f32', dy: 'f32' },
  outputs: { dx: 'f32' },
  params: { rows: 'u32', width: 'u32' },
  workgroup: [lanes, 1, 1],
  body: `
  let first = (group.y * ${wide}u + group.x) * ${part}u;
  let share = dy[0] / f32(p.rows);
  for (var e = 0u; e < 4u; e++) {
    let at = first + e * ${lanes}u + lane;
    if (at < p.rows * p.width) {
      let row = at / p.width;
      dx[at] = (exp(logits[at] - stats[2u * row]) * stats[2u * row + 1u] - targets[at]) * share;
    }
  }`,
};

const sizes = ({ shape: [rows, width] }: Tensor) => ({ rows: rows!, width: width! });

/** Targets as the shader reads them: one-hot rows may be integers. */
const numbers = (targets: Tensor): Tensor => cast(targets, 'float32');

function run(logits: Tensor, targets: Tensor, way: Way): [loss: Tensor, stats: Tensor] {
  const params = sizes(logits);
  const outputs = [{ shape: [] }, { shape: [params.rows, 2] }];
  return dispatch(forward[way], [logits, targets], outputs, params, [1, 1, 1]) as [Tensor, Tensor];
}

function pull(logits: Tensor, targets: Tensor, stats: Tensor, dy: Tensor): Tensor {
  const groups = inRow(Math.ceil(logits.size / part));
  const inputs = [logits, targets, stats, dy];
  return dispatch(gradient, inputs, [{ shape: logits.shape }], sizes(logits), groups)[0]!;
}

/** With sums over the workgroup in a given way. */
export const summing = (wayOf: () => Way): SoftmaxCrossEntropyKernel => ({
  apply: (logits, targets) => scope(() => run(logits, numbers(targets), wayOf())[0]),
  trace(logits, targets) {
    const [value, held, stats] = scope(() => {
      const t = numbers(targets);
      const [loss, made] = run(logits, t, wayOf());
      return [loss, hold(t), hold(made)] as const;
    });
    const kept = [hold(logits), held, stats] as const;
    const pullback: OpPullback<'logits'> = once('softmaxCrossEntropy', kept, (dy: Tensor, wanted?) =>
      wanted && !wanted.logits ? {} : { logits: scope(() => pull(...kept, dy)) },
    );
    return { value, pullback };
  },
});

export const webgpu = summing(wayHere);
