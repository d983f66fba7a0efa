/** The backend itself, in a page. */
import { BackendUnavailableError, currentBackend, startBackend } from '@dr2net/backends';
import { add, memory, ones } from '@tensorflow/tfjs-core';
import { assert, type Check } from './check.ts';

export const backendChecks: readonly Check[] = [
  {
    name: 'the backend is the current one and tells about itself',
    async run(name) {
      const backend = currentBackend();
      assert(backend?.name === name, `current: ${backend?.name}`);
      assert(backend.device.length > 3, `device: ${backend.device}`);
      assert((await startBackend(name)) === backend, 'started twice');
      assert(memory().numTensors === 0, `${memory().numTensors} tensors left by the self-test`);
    },
  },
  {
    name: 'the memory probe sees a tensor',
    async run() {
      const backend = currentBackend();
      const before = backend?.memory.current() ?? NaN;
      const x = ones([2048, 2048]);
      const y = add(x, 1);
      assert((await y.data())[0] === 2, 'wrong sum');
      const after = backend?.memory.peak() ?? NaN;
      assert(after - before >= 2 ** 24, `${before} bytes before, ${after} bytes at the peak`);
      x.dispose();
      y.dispose();
      backend?.check();
    },
  },
  {
    name: 'backends of Node are refused with a remedy',
    async run() {
      const refused = await startBackend('node').catch((error: unknown) => error);
      assert(refused instanceof BackendUnavailableError, `${refused}`);
      assert(
        refused.reason.includes('runs in Node only') && refused.remedy.includes('webgpu or wasm'),
        refused.message,
      );
    },
  },
];
