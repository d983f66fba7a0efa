/**
 * TensorFlow's allocator (`bfc_allocator`): sizes in units of 256 bytes, best fit, a chunk is cut only where it is at least
 * twice the request or 128 MiB larger, so up to half of a chunk that is in use may be idle, and counts. Regions double in
 * size; chunks of two regions are not joined.
 */
import { BestFit, type Chunk } from './best-fit.ts';
import type { Block, DeviceModel } from './device.ts';

const unit = 256;
const largestIdle = 128 * 2 ** 20;

interface BfcBlock extends Block {
  readonly chunk: Chunk;
}

export class BfcModel implements DeviceModel {
  bytes = 0;
  readonly lazy = true;
  readonly #heap = new BestFit();
  #region = 2 * 2 ** 20;
  #end = 0;

  allocate(bytes: number): Block {
    const size = Math.max(unit, Math.ceil(bytes / unit) * unit);
    const worth = (chunk: Chunk) => chunk.size >= 2 * size || chunk.size - size >= largestIdle;
    let chunk = this.#heap.take(size, worth);
    if (!chunk) {
      this.#grow(size);
      chunk = this.#heap.take(size, worth)!;
    }
    this.bytes += chunk.size;
    const block: BfcBlock = { bytes: chunk.size, chunk };
    return block;
  }

  release(block: Block): void {
    this.bytes -= block.bytes;
    this.#heap.release((block as BfcBlock).chunk);
  }

  #grow(size: number): void {
    let increased = false;
    while (size > this.#region) {
      this.#region *= 2;
      increased = true;
    }
    this.#heap.extend(this.#end, this.#region);
    this.#end += this.#region + unit;
    if (!increased) this.#region *= 2;
  }
}
