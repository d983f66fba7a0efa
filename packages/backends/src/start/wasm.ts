/** WebAssembly with SIMD: the fastest that is everywhere. */
import { engine, env, findBackend, setBackend } from '@tensorflow/tfjs-core';
import { platform } from '#platform';
import type { DeviceMemoryProbe, StartOptions } from '../contract.ts';
import { BackendUnavailableError, DeviceOutOfMemoryError } from '../errors.ts';
import { loadBackendPackage } from './load.ts';
import type { Running } from './running.ts';

/** What we read and wrap of the backend's Emscripten module. */
interface WasmModule {
  readonly HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  _free(address: number): void;
}

/** An allocation that fails gives address 0, and the backend would write there; stop instead. */
function refuseFailedAllocations(module: WasmModule): void {
  // On its first call Emscripten replaces the property by the real function, and would replace our wrapper.
  module._free(module._malloc(1));
  const allocate = module._malloc;
  module._malloc = (bytes) => {
    const address = allocate(bytes);
    if (address === 0 && bytes > 0)
      throw new DeviceOutOfMemoryError('wasm', 'a tensor', bytes, module.HEAPU8.byteLength);
    return address;
  };
}

/** The heap grows and never shrinks, so its size is its peak. */
function heapProbe(module: WasmModule): DeviceMemoryProbe {
  const bytes = () => module.HEAPU8.byteLength;
  return { kind: 'wasm heap', current: bytes, peak: bytes, resetPeak: () => {} };
}

export async function startWasm({ wasmPaths }: StartOptions): Promise<Running> {
  const wasm = await loadBackendPackage('wasm', () => import('@tensorflow/tfjs-backend-wasm'));
  if (!(await env().getAsync('WASM_HAS_SIMD_SUPPORT')))
    throw new BackendUnavailableError('wasm', 'this engine has no WebAssembly SIMD.', 'Update Node or the browser.');
  const fresh = engine().registry.wasm === undefined;
  if (wasmPaths !== undefined && fresh) wasm.setWasmPaths(wasmPaths);
  // An exception inside is only printed by TensorFlow.js; the result is false.
  if (!(await setBackend('wasm')))
    throw new BackendUnavailableError(
      'wasm',
      'its .wasm files cannot be loaded.',
      'Serve the files of @tensorflow/tfjs-backend-wasm/dist and pass their folder as `wasmPaths`.',
    );
  const { wasm: module } = findBackend('wasm') as unknown as { readonly wasm: WasmModule };
  if (fresh) refuseFailedAllocations(module);
  const threads = wasm.getThreadsCount();
  return {
    tfjsName: 'wasm',
    device: `WebAssembly SIMD, ${threads > 1 ? `${threads} threads` : '1 thread'}, on ${platform.processor}`,
    // Addresses have 32 bits.
    limits: { memory: 2 ** 32, maxTensorBytes: 2 ** 32 },
    limitName: '32-bit addresses of the heap',
    deterministic: true,
    settings: { WASM_HAS_SIMD_SUPPORT: true, threads },
    memory: heapProbe(module),
  };
}
