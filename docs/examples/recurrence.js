// x_{i+1} = F_i(x_i) + α·x_i + β·x_{i−1}: forward, then every state rebuilt from the last two, in three ways.
import { defaultTolerance, planAnchors, runStates } from '@dr2net/core';
import { exact, exactGrid, trainingContext } from '@dr2net/ops';
import * as tf from '@tensorflow/tfjs-core';

export const controls = {
  alpha: { label: 'α', min: -1, max: 1, step: 0.05, value: 0.5 },
  beta: { label: 'β', min: 0.05, max: 1, step: 0.05, value: 0.5 },
  depth: { label: 'sub-blocks', min: 2, max: 48, step: 1, value: 24 },
};

export async function* run(values) {
  const { tensors, ...kept } = tf.tidy(() => compare(values));
  const [plain, anchored, exactly] = await Promise.all(tensors.map((errors) => errors.data()));
  tf.dispose(tensors);
  yield* shown({ ...values, ...kept, plain, anchored, exactly });
}

function compare({ alpha, beta, depth }) {
  // F_i(x) = tanh(x·W_i), of width 32, on 64 tokens.
  const F = Array.from({ length: depth }, (_, i) => {
    const weight = tf.randomNormal([32, 32], 0, 0.1, 'float32', i + 1);
    return (x) => tf.tanh(tf.matMul(x, weight));
  });
  const x0 = tf.randomNormal([64, 32], 0, 1, 'float32', 99);

  // Forward. An ordinary training step keeps all of these states, and what is inside of every F too.
  const coefficients = { alpha, beta };
  const subBlocks = F.map((apply, i) => ({ name: `F${i}`, parameters: [], apply }));
  const states = runStates(subBlocks, x0, trainingContext(1), { coefficients, method: { name: 'conventional' } });

  // Back, from x_n and x_{n−1}: x_{i−1} = (x_{i+1} − F_i(x_i) − α·x_i)/β. At an anchor i, x_i and x_{i−1} were kept after all.
  const rebuilt = (anchors) => {
    const x = [...states];
    for (let i = depth - 1; i > 0; i--) {
      if (anchors.includes(i) || anchors.includes(i - 1)) continue;
      const rest = tf.sub(tf.sub(x[i + 1], F[i](x[i])), tf.mul(x[i], alpha));
      x[i - 1] = tf.div(rest, beta);
    }
    return x;
  };
  const anchors = planAnchors(coefficients, depth, defaultTolerance);
  const plain = errors(rebuilt([]), states);
  const anchored = errors(rebuilt(anchors), states);

  // The same recurrence on integers: besides the last two, only what the rounding of β·x throws away is kept.
  const bits = 18; // of the states, behind the point
  const grid = exactGrid(alpha, beta, { fractionBits: bits });
  const onGrid = (i, x) => F[i](exact.dequantize(x, bits));
  const integers = [exact.quantize(x0, bits), exact.quantize(x0, bits)]; // x_{−1} = x_0
  const sides = [];
  for (let i = 0; i < depth; i++) {
    const { next, side } = exact.update(onGrid(i, integers[i + 1]), integers[i + 1], integers[i], grid);
    integers.push(next);
    sides.push(side);
  }
  const back = integers.slice(-2);
  for (let i = depth - 1; i >= 0; i--)
    back.unshift(exact.inverse(back[1], onGrid(i, back[0]), back[0], sides[i], grid));
  return {
    tensors: [plain, anchored, tf.slice(errors(back, integers), 1)],
    anchors: anchors.length,
    sideBits: grid.sideBits,
    sideBytes: sides.reduce((sum, { size }) => sum + 4 * size, 0),
    stateBytes: 4 * x0.size,
  };
}

/** max|x − of|/max|of| of each state. */
function errors(states, of) {
  const largest = (x) => tf.max(tf.abs(tf.cast(x, 'float32')));
  return tf.stack(states.map((x, i) => tf.div(largest(tf.sub(x, of[i])), largest(of[i]))));
}

function* shown({ depth, plain, anchored, exactly, anchors, sideBits, sideBytes, stateBytes }) {
  const points = (errors) => Array.from(errors, (error, i) => [i, error]);
  yield {
    chart: {
      title: 'Error of every rebuilt state, relative to its largest element',
      x: 'state',
      y: 'relative error',
      scale: 'log',
      series: [
        { name: 'plain inverse', points: points(plain) },
        { name: `with ${anchors} anchors`, points: points(anchored) },
        { name: 'exact', points: points(exactly) },
      ],
    },
  };
  const row = (method, states, errors, more = 0) => [
    method,
    states,
    `${((states * stateBytes + more) / 1000).toFixed(1)} kB`,
    errors ? inWords(Math.max(...errors)) : '–',
  ];
  yield {
    table: {
      title: 'What was kept, and the worst of what was rebuilt',
      columns: ['method', 'states kept', 'bytes kept', 'worst error'],
      rows: [
        row('all states', depth + 1),
        row('plain inverse', 2, plain),
        row(`anchors: ${anchors} pairs`, 2 + 2 * anchors, anchored),
        row(`exact, side bits an element: ${sideBits}`, 2, exactly, sideBytes),
      ],
    },
  };
}

const inWords = (error) => (error === 0 ? '0, bit for bit' : error.toExponential(1));
