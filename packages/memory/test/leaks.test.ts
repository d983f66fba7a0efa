import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { leakCheck } from '../src/index.ts';

const KB = 1024;
const kilo = () => tf.tensor1d(new Float32Array(256));

beforeAll(async () => {
  await tf.setBackend('wasm');
});

test('leakCheck tells growth from none', async () => {
  const leaked: tf.Tensor[] = [];
  expect(await leakCheck(() => kilo().dispose())).toMatchObject({ leaks: false, tensors: 0, bytes: 0 });
  const report = await leakCheck(async () => leaked.push(kilo()), { repeat: 3, warmUp: 1 });
  expect(report).toEqual({ repeat: 3, tensors: 3, bytes: 3 * KB, dataBuffers: 3, leaks: true });
  // A view is a tensor more, though no buffer more.
  const views = await leakCheck(() => leaked.push(tf.reshape(leaked[0]!, [1, 256])), { repeat: 2 });
  expect(views).toMatchObject({ tensors: 2, dataBuffers: 0, leaks: true });
  tf.dispose(leaked);
});
