import { engine, fill, findBackend, memory } from '@tensorflow/tfjs-core';
import { expect, test, vi } from 'vitest';
import { DeviceError, DeviceLostError, startBackend, TensorTooLargeError, whyUnavailable } from '../src/index.ts';
import { watchBuffers } from '../src/memory/buffers.ts';

/** As much of a device as the buffer watch touches. */
function fakeDevice(maxStorageBufferBindingSize: number): GPUDevice {
  return {
    limits: { maxStorageBufferBindingSize },
    createBuffer: ({ size, usage }: GPUBufferDescriptor) => ({ size, usage, destroy: () => {} }),
  } as unknown as GPUDevice;
}

const storage = 0x80;
const copy = 0x8;

test('buffers are counted when made and destroyed, each once', () => {
  const device = fakeDevice(1000);
  const probe = watchBuffers(device);
  const [a, b] = [device.createBuffer({ size: 600, usage: storage }), device.createBuffer({ size: 300, usage: copy })];
  expect([probe.current(), probe.peak()]).toEqual([900, 900]);
  a.destroy();
  a.destroy();
  expect([probe.current(), probe.peak()]).toEqual([300, 900]);
  probe.resetPeak();
  expect(probe.peak()).toBe(300);
  device.createBuffer({ size: 100, usage: copy });
  expect([probe.current(), probe.peak()]).toEqual([400, 400]);
  b.destroy();
  expect(probe.current()).toBe(100);
});

test('a storage buffer beyond the limit is refused with its size and the limit, and not counted', () => {
  const device = fakeDevice(1000);
  const probe = watchBuffers(device);
  device.createBuffer({ size: 1000, usage: storage });
  device.createBuffer({ size: 5000, usage: copy });
  expect(() => device.createBuffer({ size: 1004, usage: storage | copy })).toThrow(
    "1004 bytes; this device's limit for one tensor is 1000 bytes (maxStorageBufferBindingSize)",
  );
  expect(probe.current()).toBe(6000);
});

const why = await whyUnavailable('webgpu');
if (why) console.warn(`SKIPPED the limits of webgpu: ${why.reason} ${why.remedy}`);

test.skipIf(why)('webgpu refuses a tensor that would read as zeros, naming shape, size and limit', async () => {
  const backend = await startBackend('webgpu');
  const limit = backend.limits.maxTensorBytes ?? 0;
  const elements = limit / 4 + 1;
  const before = memory().numTensors;
  expect(() => engine().tidy(() => fill([elements], 1))).toThrow(TensorTooLargeError);
  expect(() => engine().tidy(() => fill([elements], 1))).toThrow(
    `[${elements}] of FillProgram takes ${limit + 4} bytes`,
  );
  expect(memory().numTensors).toBe(before);
  expect(() => backend.assertFits(limit, 'clip')).not.toThrow();
  expect(() => backend.assertFits(limit + 4, 'clip [64,3,16,1024,1024]')).toThrow(
    `clip [64,3,16,1024,1024] takes ${limit + 4} bytes; this device's limit for one tensor is ${limit} bytes`,
  );
  const right = fill([1000], 2);
  expect((await right.data())[999]).toBe(2);
  right.dispose();
  backend.check();
  backend.dispose();
});

test('cpu has no limit of its own', async () => {
  const backend = await startBackend('cpu');
  expect(() => backend.assertFits(2 ** 50, 'anything')).not.toThrow();
  backend.dispose();
});

/** A device reports in its own time. */
const reported = { timeout: 60_000, interval: 5 };

test.skipIf(why)('check raises what the device reported after the call, once, with the operation', async () => {
  const backend = await startBackend('webgpu');
  const { device } = findBackend('webgpu') as unknown as { device: GPUDevice };
  backend.check();
  // A shader that does not compile is reported by no exception.
  device.createShaderModule({ label: 'FusedSoftmax', code: 'no shader' });
  await vi.waitFor(() => expect(() => backend.check()).toThrow(DeviceError), reported);
  backend.check();
  device.createShaderModule({ label: 'FusedSoftmax', code: 'no shader' });
  await vi.waitFor(() => expect(() => backend.check()).toThrow("in the operation 'FusedSoftmax': "), reported);
  backend.dispose();
});

test.skipIf(why)('a lost device is told at every check, and the backend starts again', async () => {
  const backend = await startBackend('webgpu');
  const { device } = findBackend('webgpu') as unknown as { device: GPUDevice };
  device.destroy();
  await device.lost;
  await new Promise((resolve) => setTimeout(resolve, 0));
  for (let i = 0; i < 2; i++) expect(() => backend.check()).toThrow(DeviceLostError);
  expect(() => backend.check()).toThrow(/has lost its device, .+ \(.+\), and every tensor on it\. Dispose the backend/);
  backend.dispose();
  const again = await startBackend('webgpu');
  const two = fill([10], 2);
  expect((await two.data())[9]).toBe(2);
  two.dispose();
  again.check();
  again.dispose();
});
