/**
 * The wasm heap: Emscripten's allocator (dlmalloc: best fit, neighbours joined, the end of the heap moved in steps of
 * 64 KiB) in a memory that grows by a fifth of its size, 96 MiB at most, whenever the end passes it, and never shrinks.
 */
import { BestFit, type Chunk } from './best-fit.ts';
import type { Block, DeviceModel } from './device.ts';

/**
 * What the wasm module has when it starts, and how much of it is no tensor's: its own data and what the self test leaves, 0.5 MiB
 * when measured (tfjs 4.22), and the 1 MiB in which our products work. With them 30 of the 32 settings of `bench plan` are predicted exactly.
 */
const initial = 16 * 2 ** 20;
const ownData = 1.5 * 2 ** 20;
const page = 65536;
const most = 2 ** 32;

const alignUp = (bytes: number, unit: number) => Math.ceil(bytes / unit) * unit;

interface HeapBlock extends Block {
  readonly chunk: Chunk;
}

export class HeapModel implements DeviceModel {
  bytes = initial;
  readonly lazy = false;
  readonly #heap = new BestFit();
  #end = ownData;
  #last: Chunk | undefined;

  allocate(bytes: number): Block {
    const size = Math.max(16, alignUp(bytes + 4, 8));
    const worth = (chunk: Chunk) => chunk.size - size >= 16;
    let chunk = this.#heap.take(size, worth);
    if (!chunk) {
      this.#grow(size);
      chunk = this.#heap.take(size, worth)!;
    }
    if (this.#last?.next) this.#last = this.#last.next;
    const block: HeapBlock = { bytes: size, chunk };
    return block;
  }

  release(block: Block): void {
    const whole = this.#heap.release((block as HeapBlock).chunk);
    if (whole.next === undefined) this.#last = whole;
  }

  #grow(size: number): void {
    const there = this.#last?.free ? this.#last.size : 0;
    const more = alignUp(size - there + 80, page);
    this.#last = this.#heap.extend(this.#end, more, this.#last);
    this.#end += more;
    if (this.#end <= this.bytes) return;
    const grown = Math.min(this.bytes * 1.2, this.#end + 96 * 2 ** 20);
    this.bytes = Math.min(most, alignUp(Math.max(this.#end, grown), page));
  }
}
