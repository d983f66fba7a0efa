import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { add, findBackend, matMul, ones, zeros } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { DeviceOutOfMemoryError, startBackend, whyUnavailable } from '../src/index.ts';
import { processProbe } from '../src/memory/process.ts';
import { samplingProbe } from '../src/memory/sampling.ts';

const [native, webgpu] = [await whyUnavailable('node'), await whyUnavailable('webgpu')];
for (const why of [native, webgpu])
  if (why) console.warn(`SKIPPED memory of '${why.backend}': ${why.reason} ${why.remedy}`);

/** 4 MB of float32. */
const side = 1024;
const bytes = side * side * 4;

test.skipIf(native)("node: TensorFlow's allocator counts a product, its peak and its end", async () => {
  const backend = await startBackend('node');
  const probe = backend.memory;
  expect(probe.kind).toBe('tensorflow allocator');
  const start = probe.current() ?? NaN;
  const x = ones([side, side]);
  const y = matMul(x, x);
  // The typed array of x is not counted until it is copied to the device.
  expect((probe.current() ?? NaN) - start).toBe(2 * bytes);
  y.dispose();
  expect((probe.peak() ?? NaN) - start).toBeGreaterThanOrEqual(2 * bytes);
  probe.resetPeak();
  expect((probe.peak() ?? NaN) - start).toBe(bytes);
  x.dispose();
  expect(probe.current()).toBe(start);
  backend.dispose();
});

test.skipIf(webgpu)('webgpu: every buffer of the device is counted', async () => {
  const backend = await startBackend('webgpu');
  const probe = backend.memory;
  const start = probe.current() ?? NaN;
  const x = ones([side, side]);
  const y = add(x, 1);
  await y.data();
  // Two tensors and the staging buffer that y was read through, besides small uniforms.
  expect((probe.current() ?? NaN) - start).toBeGreaterThanOrEqual(3 * bytes);
  expect((probe.current() ?? NaN) - start).toBeLessThan(3.1 * bytes);
  expect(probe.peak()).toBeGreaterThanOrEqual(probe.current() ?? NaN);
  x.dispose();
  y.dispose();
  // Kept for later, until they are given back.
  expect((probe.current() ?? NaN) - start).toBeGreaterThanOrEqual(3 * bytes);
  const z = add(ones([side, 1]), 1);
  backend.trim();
  expect((probe.current() ?? NaN) - start).toBeLessThan(bytes / 10);
  expect((await z.data())[side - 1]).toBe(2);
  const again = add(ones([side, side]), 1);
  expect((await again.data())[side * side - 1]).toBe(2);
  backend.check();
  backend.dispose();
  expect(probe.current()).toBe(0);
});

test('wasm: the heap is its size, and an allocation that fails is an error and not a write at address 0', async () => {
  const backend = await startBackend('wasm');
  const before = backend.memory.current() ?? NaN;
  const x = zeros([4 * side, 4 * side]);
  expect(backend.memory.current()).toBeGreaterThanOrEqual(before + 16 * bytes - 2 ** 24);
  expect(backend.memory.peak()).toBe(backend.memory.current());
  x.dispose();
  const { wasm } = findBackend('wasm') as unknown as {
    wasm: { _malloc(size: number): number; _free(at: number): void };
  };
  const held: number[] = [];
  // The heap has 32-bit addresses: nine times 512 MiB cannot be had. Untouched pages take no memory of the machine.
  expect(() => {
    for (let i = 0; i < 9; i++) held.push(wasm._malloc(2 ** 29));
  }).toThrow(DeviceOutOfMemoryError);
  for (const address of held) wasm._free(address);
  backend.dispose();
});

test('process: the peak stays when memory is freed, until it is reset', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const probe = processProbe();
  expect(probe.kind).toBe('process resident set');
  const before = probe.current() ?? NaN;
  let block: Uint8Array | undefined = new Uint8Array(200e6).fill(1);
  expect(block.length).toBe(200e6);
  expect(probe.peak()).toBeGreaterThan(before + 190e6);
  block = undefined;
  for (let i = 0; i < 50 && (probe.current() ?? 0) > before + 100e6; i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(probe.peak()).toBeGreaterThan(before + 190e6);
  probe.resetPeak();
  expect(probe.peak()).toBeLessThan(before + 100e6);
});

test('sampling: the peak is the most that was read since the reset', () => {
  const readings = [5, 9, 3, 4, 4];
  const probe = samplingProbe('test', () => readings.shift());
  expect(probe.current()).toBe(9);
  expect(probe.peak()).toBe(9);
  probe.resetPeak();
  expect(probe.peak()).toBe(4);
  expect(samplingProbe('nothing', () => undefined).peak()).toBeUndefined();
});
