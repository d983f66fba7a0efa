import {
  getKernel,
  type KernelConfig,
  type KernelFunc,
  memory,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
} from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { BackendSelfTestError, startBackend } from '../src/index.ts';
import { selfTest } from '../src/self-test/selfTest.ts';

let restore: (() => void) | undefined;

/** Lets a kernel of the cpu backend spoil one element of its result. */
function spoil(kernelName: string, at: number, change: (value: number) => number): void {
  const right = getKernel(kernelName, 'cpu');
  const wrong: KernelFunc = (params) => {
    const output = right.kernelFunc(params) as TensorInfo;
    const { data } = params.backend as unknown as { data: { get(id: object): { values: Float32Array } } };
    const { values } = data.get(output.dataId);
    values[at] = change(values[at] ?? 0);
    return output;
  };
  const swap = (config: KernelConfig) => {
    unregisterKernel(kernelName, 'cpu');
    registerKernel(config);
  };
  swap({ ...right, kernelFunc: wrong });
  restore = () => swap(right);
}

beforeAll(async () => {
  (await startBackend('cpu')).dispose();
});

afterEach(() => {
  restore?.();
  restore = undefined;
});

test('passes on a right device and leaves no tensors', async () => {
  const backend = await startBackend('cpu', { selfTest: false });
  const before = memory().numTensors;
  expect(await selfTest()).toBeUndefined();
  expect(memory().numTensors).toBe(before);
  backend.dispose();
});

test.each([
  ['BatchMatMul', 4619, (value: number) => value + 1e-2, 'matMul: element 4619'],
  ['Softmax', 7, (value: number) => value * 2, 'softmax: element 7'],
  ['Rsqrt', 0, () => Number.NaN, 'layer norm: element 0 is NaN'],
  ['Exp', 65, () => 0, 'softmax in steps: element'],
  ['Transpose', 0, (value: number) => value, undefined],
] as const)('a wrong %s (element %d) is found', async (kernel, at, change, finding) => {
  spoil(kernel, at, change);
  const before = memory().numTensors;
  const start = startBackend('cpu');
  if (finding === undefined) {
    (await start).dispose();
  } else {
    await expect(start).rejects.toThrow(BackendSelfTestError);
    await expect(start).rejects.toThrow(finding);
    await expect(start).rejects.toThrow("The backend 'cpu' on JavaScript on");
  }
  expect(memory().numTensors).toBe(before);
});

test('a refused backend starts when its device is right again', async () => {
  spoil('Softmax', 0, () => 1);
  await expect(startBackend('cpu')).rejects.toThrow(BackendSelfTestError);
  restore?.();
  restore = undefined;
  const backend = await startBackend('cpu');
  expect(backend.device).toContain('JavaScript');
  backend.dispose();
});
