// Memory over one training step of a transformer, by every method: each allocation is counted as it happens.
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import { traceRun } from '@dr2net/core';
import { attentionSubBlock, mlpSubBlock } from '@dr2net/layers';
import { track } from '@dr2net/memory';
import { Parameter, trainingContext } from '@dr2net/ops';
import * as tf from '@tensorflow/tfjs-core';

export const controls = {
  depth: { label: 'blocks', min: 1, max: 16, step: 1, value: 4 },
  tokens: { label: 'tokens', min: 32, max: 192, step: 32, value: 96 },
};

const [batch, width, heads] = [2, 64, 4];

export async function* run({ depth, tokens }) {
  const blocks = Array.from({ length: depth }, (_, i) => block(`blocks.${i}`));
  const x0 = tf.randomNormal([batch, tokens, width], 0, 1, 'float32', 99);
  const dy = tf.onesLike(x0);

  const nearPretrained = { alpha: 63 / 64, beta: 1 / 64 };
  const methods = {
    'plain TensorFlow.js': () => plainStep(blocks, x0, dy),
    conventional: () => step(blocks, x0, dy, nearPretrained, { name: 'conventional' }),
    checkpoint: () => step(blocks, x0, dy, nearPretrained, { name: 'checkpoint' }),
    reversible: () => step(blocks, x0, dy, { alpha: 0.1, beta: 0.9 }, { name: 'reversible' }),
    exact: () => step(blocks, x0, dy, nearPretrained, { name: 'exact' }),
  };
  const series = [];
  const rows = [];
  for (const [name, train] of Object.entries(methods)) {
    train(); // the first step compiles
    const begun = performance.now();
    const { memory } = await track(train);
    const milliseconds = performance.now() - begun;
    const of = (bytes) => bytes - memory.startBytes;
    const whole = memory.timeline.at(-1).seconds || 1;
    // The axis is logarithmic, so that ours are told apart beside plain: what is next to nothing has no place on it.
    const points = memory.timeline.map(({ seconds, bytes }) => [(100 * seconds) / whole, of(bytes)]);
    series.push({ name, points: points.filter(([, bytes]) => bytes >= 1e4) });
    rows.push([name, `${(of(memory.peakBytes) / 1e6).toFixed(2)} MB`, `${milliseconds.toFixed(0)} ms`]);
    yield {
      chart: {
        title: 'Memory over one step, besides parameters and input',
        x: 'part of the step, %',
        y: 'bytes',
        scale: 'log',
        unit: 'bytes',
        series: [...series],
      },
    };
  }
  yield { table: { title: 'One step of each', columns: ['method', 'at the peak', 'time'], rows } };
  tf.dispose([x0, dy, blocks.flatMap(({ parameters }) => parameters.map(({ variable }) => variable))]);
}

/** A step of ours. Every gradient goes to the sink as soon as it exists; an optimizer would use it there. */
function step(blocks, x0, dy, coefficients, method) {
  const subBlocks = blocks.flatMap((one) => one.subBlocks);
  const { value, pullback } = traceRun(subBlocks, x0, trainingContext(1), { coefficients, method });
  const { x0: dx } = pullback(dy, (_, gradient) => gradient.dispose());
  tf.dispose([value, dx]);
}

/** The same network at α = 1, β = 0 on TensorFlow.js's own tape. */
function plainStep(blocks, x0, dy) {
  const { value, grads } = tf.variableGrads(() => {
    let x = x0;
    for (const { weights } of blocks) {
      x = tf.add(x, plainAttention(x, weights));
      x = tf.add(x, plainMlp(x, weights));
    }
    return tf.sum(tf.mul(x, dy));
  });
  tf.dispose([value, grads]);
}

function block(name) {
  const weights = {};
  const parameter = (key, value) => {
    const made = new Parameter(`${name}.${key}`, value);
    weights[key] = made;
    return made;
  };
  const matrix = (key, rows, columns) => parameter(key, tf.randomNormal([rows, columns], 0, 0.05, 'float32', 7));
  const norm = (key) => ({
    gain: parameter(`${key}.gain`, tf.ones([width])),
    bias: parameter(`${key}.bias`, tf.zeros([width])),
    epsilon: 1e-6,
  });
  const attention = {
    heads,
    qkv: matrix('qkv', width, 3 * width),
    qkvBias: parameter('qkvBias', tf.zeros([3 * width])),
    projection: matrix('projection', width, width),
    projectionBias: parameter('projectionBias', tf.zeros([width])),
  };
  const mlp = {
    expand: matrix('expand', width, 4 * width),
    expandBias: parameter('expandBias', tf.zeros([4 * width])),
    contract: matrix('contract', 4 * width, width),
    contractBias: parameter('contractBias', tf.zeros([width])),
  };
  const subBlocks = [
    attentionSubBlock(`${name}.attention`, { norm: norm('norm1'), attention }),
    mlpSubBlock(`${name}.mlp`, { norm: norm('norm2'), mlp }),
  ];
  return { subBlocks, weights, parameters: Object.values(weights) };
}

function plainNorm(x, weights, key) {
  const { mean, variance } = tf.moments(x, -1, true);
  const normalised = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-6)));
  return tf.add(tf.mul(normalised, weights[`${key}.gain`].variable), weights[`${key}.bias`].variable);
}

function plainLinear(x, weight, bias) {
  const flat = tf.reshape(x, [-1, x.shape.at(-1)]);
  const y = tf.add(tf.matMul(flat, weight.variable), bias.variable);
  return tf.reshape(y, [...x.shape.slice(0, -1), -1]);
}

function plainAttention(x, weights) {
  const [, tokens] = x.shape;
  const qkv = plainLinear(plainNorm(x, weights, 'norm1'), weights.qkv, weights.qkvBias);
  const parts = tf.transpose(tf.reshape(qkv, [batch, tokens, 3, heads, width / heads]), [2, 0, 3, 1, 4]);
  const [q, k, v] = tf.unstack(parts);
  const scores = tf.softmax(tf.mul(tf.matMul(q, k, false, true), (width / heads) ** -0.5));
  const mixed = tf.reshape(tf.transpose(tf.matMul(scores, v), [0, 2, 1, 3]), [batch, tokens, width]);
  return plainLinear(mixed, weights.projection, weights.projectionBias);
}

function plainMlp(x, weights) {
  const h = plainLinear(plainNorm(x, weights, 'norm2'), weights.expand, weights.expandBias);
  const gelu = tf.mul(tf.mul(h, 0.5), tf.add(tf.erf(tf.mul(h, Math.SQRT1_2)), 1));
  return plainLinear(gelu, weights.contract, weights.contractBias);
}
