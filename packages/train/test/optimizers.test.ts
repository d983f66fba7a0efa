/** Optimizers against the same rules in float64 loops, for random numbers and settings. */
import '@tensorflow/tfjs-backend-wasm';
import { Parameter } from '@dr2net/ops';
import { expectClose } from '@dr2net/testing';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { adamW, type Optimizer, OptimizerState, sgd } from '../src/index.ts';

beforeAll(async () => {
  await tf.setBackend('wasm');
});

const number = fc.double({ min: -2, max: 2, noNaN: true }).map(Math.fround);
const vector = fc.array(number, { minLength: 6, maxLength: 6 });
const rate = fc.double({ min: 1e-4, max: 0.1, noNaN: true });
const share = fc.double({ min: 0, max: 0.99, noNaN: true });
const run = fc.record({
  value: vector,
  gradients: fc.array(vector, { minLength: 1, maxLength: 4 }),
  lr: rate,
  weightDecay: share,
});

/** Steps ours through all gradients and compares with `expected`. */
async function compare(
  optimizer: Optimizer,
  value: number[],
  gradients: number[][],
  expected: number[],
): Promise<void> {
  const before = tf.memory().numTensors;
  const parameter = new Parameter('w.weight', tf.tensor(value, [2, 3]));
  const state = new OptimizerState(optimizer, { layers: 1, layerOf: () => 0 });
  for (const gradient of gradients) {
    const tensor = tf.tensor(gradient, [2, 3]);
    state.update([[parameter, tensor]], optimizer.learningRate);
    tensor.dispose();
  }
  await expectClose(parameter.variable, { shape: [2, 3], data: expected }, { rtol: 1e-5, atol: 2e-6 });
  state.dispose();
  parameter.dispose();
  expect(tf.memory().numTensors).toBe(before);
}

test('adamW', async () => {
  await fc.assert(
    fc.asyncProperty(run, share, share, async ({ value, gradients, lr, weightDecay }, beta1, beta2) => {
      const [m, v] = [value.map(() => 0), value.map(() => 0)];
      const p = [...value];
      for (const [t, g] of gradients.entries()) {
        for (let i = 0; i < p.length; i++) {
          p[i]! -= lr * weightDecay * p[i]!;
          m[i] = beta1 * m[i]! + (1 - beta1) * g[i]!;
          v[i] = beta2 * v[i]! + (1 - beta2) * g[i]! ** 2;
          p[i]! -= (lr * m[i]!) / (1 - beta1 ** (t + 1)) / (Math.sqrt(v[i]! / (1 - beta2 ** (t + 1))) + 1e-3);
        }
      }
      // ε is large here: float32 gradients near 0 would make sign(g) of the quotient otherwise.
      await compare(adamW({ lr, weightDecay, betas: [beta1, beta2], eps: 1e-3 }), value, gradients, p);
    }),
    { numRuns: 40 },
  );
});

test('sgd', async () => {
  await fc.assert(
    fc.asyncProperty(run, share, fc.boolean(), async ({ value, gradients, lr, weightDecay }, momentum, looksAhead) => {
      const nesterov = looksAhead && momentum > 0;
      const v = value.map(() => 0);
      const p = [...value];
      for (const gradient of gradients) {
        for (let i = 0; i < p.length; i++) {
          const g = gradient[i]! + weightDecay * p[i]!;
          v[i] = momentum * v[i]! + g;
          p[i]! -= lr * (nesterov ? g + momentum * v[i]! : v[i]!);
        }
      }
      await compare(sgd({ lr, weightDecay, momentum, nesterov }), value, gradients, p);
    }),
    { numRuns: 40 },
  );
});

test('temporaries of an update stay within five of the parameter’s size', async () => {
  const parameter = new Parameter('w.weight', tf.ones([64, 64]));
  const state = new OptimizerState(adamW(), { layers: 1, layerOf: () => 0 });
  const gradient = tf.ones([64, 64]);
  state.update([[parameter, gradient]], 1e-3);
  const { track } = await import('@dr2net/memory');
  const { memory } = await track(() => state.update([[parameter, gradient]], 1e-3));
  expect(memory.peakBytes - memory.startBytes).toBeLessThan(5 * parameter.bytes);
  tf.dispose(gradient);
  state.dispose();
  parameter.dispose();
});
