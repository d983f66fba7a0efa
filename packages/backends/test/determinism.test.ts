import { exp, matMul, softmax, sum, type Tensor, tensor2d, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { backendNames, startBackend, whyUnavailable } from '../src/index.ts';

const backends = await Promise.all(backendNames.map(async (name) => ({ name, why: await whyUnavailable(name) })));

/** A weight's gradient in miniature: 4096 rows, small output, which WebGPU would split over workgroups with atomics. */
const [rows, columns] = [4096, 48];
const values = Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i * i));

async function bits(make: () => Tensor): Promise<Buffer> {
  const result = tidy(make);
  const data = (await result.data()) as Float32Array;
  result.dispose();
  return Buffer.from(data.slice().buffer);
}

describe.each(backends)('$name', ({ name, why }) => {
  test.skipIf(why)('gives the same bits every time', async () => {
    const backend = await startBackend(name);
    expect(backend.deterministic).toBe(true);
    const x = tensor2d(values, [rows, columns]);
    for (const make of [() => matMul(x, x, true, false), () => softmax(x), () => sum(x, 0)]) {
      const first = await bits(make);
      for (let i = 0; i < 4; i++) expect(first.equals(await bits(make))).toBe(true);
    }
    x.dispose();
    backend.dispose();
  });
});

const gpu = backends.find(({ name }) => name === 'webgpu');

// Not on `node`: TensorFlow computes the last few elements of an array without vector instructions, which round otherwise.
test.skipIf(gpu?.why)('webgpu computes small inputs on the device and not on the host', async () => {
  const backend = await startBackend('webgpu');
  const small = tensor2d(values.slice(0, 900), [900, 1]);
  const large = tensor2d(values.slice(0, 9000), [9000, 1]);
  const few = await bits(() => exp(small));
  const many = await bits(() => exp(large));
  expect(few.equals(many.subarray(0, few.length))).toBe(true);
  small.dispose();
  large.dispose();
  backend.dispose();
});
