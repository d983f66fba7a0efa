/** The browser's side of {@link Platform}. */
import type { DeviceMemoryProbe } from '../contract.ts';
import { BackendUnavailableError } from '../errors.ts';
import { samplingProbe } from '../memory/sampling.ts';
import type { Platform } from './platform.ts';

/** Chromium's non-standard figure: the JavaScript heap of the page. */
function heapBytes(): number | undefined {
  const { memory } = performance as Performance & { memory?: { usedJSHeapSize: number } };
  return memory?.usedJSHeapSize;
}

function refuseNative(kind: 'cpu' | 'gpu'): never {
  throw new BackendUnavailableError(
    kind === 'gpu' ? 'node-gpu' : 'node',
    "TensorFlow's native library runs in Node only.",
    'Use webgpu or wasm in a browser.',
  );
}

export const platform: Platform = {
  name: 'browser',
  processor: `${navigator.hardwareConcurrency ?? 'unknown number of'} threads, ${navigator.userAgent}`,
  processMemory: (): DeviceMemoryProbe => samplingProbe('javascript heap', heapBytes),
  async findGpu() {
    if (navigator.gpu) return navigator.gpu;
    throw new BackendUnavailableError(
      'webgpu',
      isSecureContext
        ? 'this browser has no WebGPU (navigator.gpu).'
        : 'WebGPU needs a secure page (https or localhost).',
      'Use a current Chrome, Edge, Safari or Firefox, or the backend wasm.',
    );
  },
  async installGpu() {},
  findNative: refuseNative,
  async loadNative(kind) {
    return refuseNative(kind);
  },
};
