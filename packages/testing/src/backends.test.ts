import { getBackend, matMul, tensor2d } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { expectClose, testBackends } from './index.ts';

describe.each(await testBackends())('$name', ({ name, available, start }) => {
  describe.skipIf(!available)('started', () => {
    beforeAll(start);

    test('computes', async () => {
      expect(getBackend()).toBe(name === 'node' ? 'tensorflow' : name);
      const [a, b] = [tensor2d([1, 2, 3, 4], [2, 2]), tensor2d([5, 6, 7, 8], [2, 2])];
      await expectClose(matMul(a, b), { shape: [2, 2], data: [19, 22, 43, 50] }, { rtol: 1e-6, atol: 0 });
    });
  });
});

test('an unknown name is refused with the nearest known one', async () => {
  process.env.DR2NET_TEST_BACKENDS = 'cpu, wasn';
  try {
    await expect(testBackends()).rejects.toThrow("'wasm'");
  } finally {
    delete process.env.DR2NET_TEST_BACKENDS;
  }
});
