/** TensorFlow.js's pool of WebGPU buffers: what is in it unused can be given back to the device. */

/** What we use of the backend and of its buffer manager. */
export interface Pooled {
  readonly commandEncoder: unknown;
  endComputePassEncoder(): void;
  submitQueue(): void;
  readonly bufferManager: {
    readonly freeBuffers: ReadonlyMap<string, GPUBuffer[]>;
    numFreeBuffers: number;
    numBytesAllocated: number;
  };
}

/** Destroys unused buffers. Buffers that a queued kernel uses are unused once the queue has been submitted, so it is. */
export function emptyPool(backend: Pooled): void {
  const { bufferManager: pool } = backend;
  if (backend.commandEncoder) {
    backend.endComputePassEncoder();
    backend.submitQueue();
  }
  // The lists stay: while there is none, the pool takes no buffer back.
  for (const buffers of pool.freeBuffers.values()) {
    for (const buffer of buffers.splice(0)) {
      pool.numBytesAllocated -= buffer.size;
      pool.numFreeBuffers--;
      buffer.destroy();
    }
  }
}
