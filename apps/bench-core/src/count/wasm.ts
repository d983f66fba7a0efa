/** The heaps of all WebAssembly modules that are given one: how jax-js, which makes its own, is measured. */
const heaps: WebAssembly.Memory[] = [];
let watched = false;

/** Call it before the library is loaded. */
export function watchWasm(): void {
  if (watched) return;
  watched = true;
  WebAssembly.Memory = class extends WebAssembly.Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor);
      heaps.push(this);
    }
  };
}

const bytes = () => heaps.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);

/** A heap grows and never shrinks, so its size is its peak. */
export const wasmHeaps = { kind: 'wasm heap', current: bytes, peak: bytes, resetPeak: () => {} };
