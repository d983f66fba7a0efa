import { getBackend } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { backendNames, describeBackends, formatBackends, startBackend } from '../src/index.ts';

test('every backend is described, and the current one stays', async () => {
  const wasm = await startBackend('wasm');
  const reports = await describeBackends();
  expect(reports.map(({ name }) => name)).toEqual(backendNames);
  expect(getBackend()).toBe('wasm');
  expect(await startBackend('wasm')).toBe(wasm);
  for (const { available, device, reason, remedy } of reports) {
    expect([device !== undefined, reason === undefined, remedy === undefined]).toEqual([
      available,
      available,
      available,
    ]);
  }
  expect(reports.filter(({ available }) => available).map(({ name }) => name)).toEqual(
    expect.arrayContaining(['wasm', 'cpu']),
  );
});

test('the table has a line for each, with the remedy under what is missing', () => {
  const text = formatBackends([
    { name: 'webgpu', available: false, reason: 'no device.', remedy: 'Install a driver.' },
    { name: 'wasm', available: true, device: 'SIMD', limits: { maxTensorBytes: 2 ** 32 }, missingKernels: ['Erf'] },
    { name: 'cpu', available: true, device: 'JavaScript', limits: { memory: 5e8 } },
  ]);
  expect(text.split('\n')).toEqual([
    'no   webgpu    no device.',
    '               Install a driver.',
    'yes  wasm      SIMD',
    '               tensors up to 4.3 GB; without Erf',
    'yes  cpu       JavaScript',
    '               memory 500 MB',
  ]);
});
