import {
  env,
  getBackend,
  getKernel,
  getKernelsForBackend,
  matMul,
  memory,
  registerKernel,
  tensor2d,
  unregisterKernel,
} from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import {
  backendNames,
  currentBackend,
  deviceMemory,
  neededKernels,
  startBackend,
  whyUnavailable,
} from '../src/index.ts';

const backends = await Promise.all(backendNames.map(async (name) => ({ name, why: await whyUnavailable(name) })));
const tfjsNames = { webgpu: 'webgpu', 'node-gpu': 'tensorflow', node: 'tensorflow', wasm: 'wasm', cpu: 'cpu' };

describe.each(backends)('$name', ({ name, why }) => {
  if (why) console.warn(`SKIPPED backend '${name}': ${why.reason} ${why.remedy}`);

  test.runIf(why)('says why it cannot start and what to do', async () => {
    const failure = await startBackend(name).catch((error) => error);
    expect(failure.name).toBe('BackendUnavailableError');
    expect(failure.message).toBe(`The backend '${name}' cannot start: ${failure.reason} ${failure.remedy}`);
    expect(failure.reason.length).toBeGreaterThan(20);
    expect(failure.remedy.length).toBeGreaterThan(10);
  });

  test.skipIf(why)('starts, computes, describes itself, and starts again after it was freed', async () => {
    for (let round = 0; round < 2; round++) {
      const [backend, same] = await Promise.all([startBackend(name), startBackend(name)]);
      expect(same).toBe(backend);
      expect([backend.name, backend.tfjsName, getBackend()]).toEqual([name, tfjsNames[name], tfjsNames[name]]);
      expect(currentBackend()).toBe(backend);
      expect(deviceMemory()).toBe(backend.memory);
      expect(memory().numTensors).toBe(0);
      expect(backend.deterministic).toBe(true);
      expect(backend.device.length).toBeGreaterThan(10);
      const a = tensor2d([1, 2, 3, 4], [2, 2]);
      const product = matMul(a, a);
      expect(Array.from(await product.data())).toEqual([7, 10, 15, 22]);
      a.dispose();
      product.dispose();
      backend.check();
      backend.dispose();
      backend.dispose();
      expect(currentBackend()).toBeUndefined();
    }
  });

  test.skipIf(why)('has every kernel that this project uses', async () => {
    const backend = await startBackend(name);
    const { present, missing } = backend.kernelCoverage;
    const registered = getKernelsForBackend(backend.tfjsName).map(({ kernelName }) => kernelName);
    expect(present).toEqual(neededKernels);
    expect(missing).toEqual([]);
    expect(registered).toEqual(expect.arrayContaining([...present]));
    backend.dispose();
  });
});

test('a kernel that is missing is named', async () => {
  await startBackend('cpu').then((backend) => backend.dispose());
  const erf = getKernel('Erf', 'cpu');
  unregisterKernel('Erf', 'cpu');
  const backend = await startBackend('cpu');
  expect(backend.kernelCoverage.missing).toEqual(['Erf']);
  expect(backend.kernelCoverage.present).toEqual(neededKernels.filter((kernel) => kernel !== 'Erf'));
  registerKernel(erf);
  backend.dispose();
});

const [webgpu] = backends;

test.skipIf(webgpu?.why)('webgpu has the flags without which its results change from run to run', async () => {
  const backend = await startBackend('webgpu');
  expect(backend.settings).toEqual({ WEBGPU_MATMUL_PROGRAM_TYPE: 3, WEBGPU_CPU_FORWARD: false });
  expect(env().get('WEBGPU_MATMUL_PROGRAM_TYPE')).toBe(3);
  expect(env().get('WEBGPU_CPU_FORWARD')).toBe(false);
  backend.dispose();
});

test('auto takes the best that starts, an emulated graphics device after wasm', async () => {
  const backend = await startBackend('auto');
  const expected = backends.find(({ name, why }) => !why && name !== 'webgpu')?.name;
  if (backend.name === 'webgpu') expect(backend.software).toBe(false);
  else expect(backend.name).toBe(expected);
  backend.dispose();
});

test.skipIf(webgpu?.why)('an emulated device is refused on request, also when it runs already', async () => {
  const backend = await startBackend('webgpu');
  const again = startBackend('webgpu', { allowSoftware: false });
  if (backend.software) await expect(again).rejects.toThrow('emulated by the processor');
  else expect(await again).toBe(backend);
  backend.dispose();
});
