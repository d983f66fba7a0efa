import { neededKernels, startBackend } from '@dr2net/backends';
import { suite } from '@dr2net/ops/conformance';
import { getKernelsForBackend, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';

test('the operations use no kernel that the coverage table does not list', async () => {
  const backend = await startBackend('cpu');
  const used = new Set<string>();
  for (const kernel of getKernelsForBackend('cpu')) {
    unregisterKernel(kernel.kernelName, 'cpu');
    registerKernel({
      ...kernel,
      kernelFunc(params) {
        used.add(kernel.kernelName);
        return kernel.kernelFunc(params);
      },
    });
  }
  for (const { run } of suite) await run();
  expect(used.size).toBeGreaterThan(15);
  expect([...used].filter((name) => !(neededKernels as readonly string[]).includes(name))).toEqual([]);
  backend.dispose();
});
