/** Our own TensorFlow operations: used wherever the addon is built, and of the same bits as what they replace. */
import { execFileSync } from 'node:child_process';
import { testBackends } from '@dr2net/testing';
import { expectIdentical } from '@dr2net/testing/close';
import { expectNoLeak } from '@dr2net/testing/leaks';
import { dispose, randomNormal, tensor } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { native } from '../src/dual-residual/native.ts';
import { reference } from '../src/dual-residual/reference.ts';
import { own, ownOperations } from '../src/native/own.ts';

const node = (await testBackends()).find(({ name }) => name === 'node');

if (node?.available) await node.start();

/** Whether `startBackend` has found the addon that `pnpm native` builds, and loaded it. */
function loaded(): boolean {
  const { sharedObjects } = process.report.getReport() as { sharedObjects?: string[] };
  return sharedObjects?.some((path) => path.endsWith('kernels.node')) ?? false;
}

describe.skipIf(!node?.available || !loaded())('our own operations on node', () => {
  test('are used', () => {
    expect(ownOperations()).toBe(true);
  });

  test.each([
    [1, 0],
    [0, 1],
    [0.4, 0.7],
    [1, -1],
    [1, 0.1],
    [-0.3, -0.05],
  ])('give the bits of the composed operations at (%f, %f)', (alpha, beta) =>
    expectNoLeak(async () => {
      const states = [0, 1, 2].map((seed) => randomNormal([3, 7, 67], 0, 1, 'float32', seed));
      const [f, x, previous] = states as [(typeof states)[0], (typeof states)[0], (typeof states)[0]];
      const made = [
        [native, reference].map((kernel) => kernel.update(f, x, previous, { alpha, beta })),
        beta === 0 ? [] : [native, reference].map((kernel) => kernel.inverse(f, x, previous, { alpha, beta })),
      ];
      for (const [one, other] of made) if (one && other) await expectIdentical(one, other, 'the state');
      dispose([...states, ...made.flat()]);
    }),
  );

  // On a processor without AVX-512 both run the same kernel.
  test('attention has the same bits by AVX2 as by AVX-512', () => {
    const script = new URL('./attention-bits.ts', import.meta.url).pathname;
    const bits = (vectors: string) =>
      execFileSync(process.execPath, ['--conditions=@dr2net/source', '--import', 'tsx', script], {
        env: { ...process.env, DR2NET_VECTORS: vectors },
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
    const [narrow, wide] = [bits('avx2'), bits('')];
    expect(narrow).toMatch(/^[0-9a-f]{64}\n$/);
    expect(narrow).toBe(wide);
  });

  test('refuse states of unequal size', () =>
    expectNoLeak(() => {
      const inputs = [tensor([1, 2]), tensor([1, 2, 3]), tensor([1, 2]), tensor([1, 0.5])];
      expect(() => own('Dr2netUpdate', inputs, 1)).toThrow('input 1 has 3 elements, not 2');
      dispose(inputs);
    }));
});
