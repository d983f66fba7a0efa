/**
 * TensorFlow.js's WebGPU buffers (`buffer_manager`, `backend_webgpu`): a freed buffer goes into a pool and only a tensor of
 * exactly its size takes it again, none is ever destroyed; and while a kernel that uses it waits in the queue it is not
 * freed. The queue is submitted every 15 kernels and whenever the host reads.
 */
import type { Block, DeviceModel } from './device.ts';

/** WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE */
const batchSize = 15;

interface GpuBuffer extends Block {
  queued: boolean;
}

export class BufferPoolModel implements DeviceModel {
  bytes = 0;
  readonly lazy = true;
  readonly #free = new Map<number, number>();
  #queued: GpuBuffer[] = [];
  #pending: GpuBuffer[] = [];
  #staging = 0;
  #dispatches = 0;

  allocate(bytes: number, fromHost: boolean): Block {
    const pooled = this.#free.get(bytes) ?? 0;
    if (pooled > 0) {
      this.#free.set(bytes, pooled - 1);
      // A pooled buffer cannot be mapped: values reach it through one that can, destroyed when the queue has run.
      if (fromHost) {
        this.#staging += bytes;
        this.bytes += bytes;
      }
    } else this.bytes += bytes;
    const buffer: GpuBuffer = { bytes, queued: false };
    return buffer;
  }

  release(block: Block): void {
    const buffer = block as GpuBuffer;
    if (buffer.queued) this.#pending.push(buffer);
    else this.#pool(buffer);
  }

  dispatch(blocks: readonly Block[]): void {
    for (const block of blocks as GpuBuffer[]) {
      block.queued = true;
      this.#queued.push(block);
    }
    if (++this.#dispatches >= batchSize) this.wait();
  }

  wait(): void {
    for (const buffer of this.#queued) buffer.queued = false;
    for (const buffer of this.#pending) this.#pool(buffer);
    this.bytes -= this.#staging;
    this.#staging = this.#dispatches = 0;
    this.#queued = [];
    this.#pending = [];
  }

  #pool({ bytes }: Block): void {
    this.#free.set(bytes, (this.#free.get(bytes) ?? 0) + 1);
  }
}
