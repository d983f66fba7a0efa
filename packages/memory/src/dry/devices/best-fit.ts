/** A heap that serves each request from the smallest free chunk that holds it, and joins neighbours as they become free. */

export interface Chunk {
  size: number;
  free: boolean;
  address: number;
  previous: Chunk | undefined;
  next: Chunk | undefined;
}

const before = (a: Chunk, b: { readonly size: number; readonly address: number }) =>
  a.size < b.size || (a.size === b.size && a.address < b.address);

export class BestFit {
  /** Free chunks by size, then address. */
  readonly #free: Chunk[] = [];

  /** Adds memory; `after` is the chunk that it continues, if it does. */
  extend(address: number, size: number, after?: Chunk): Chunk {
    const chunk: Chunk = { size, free: false, address, previous: after, next: undefined };
    if (after) after.next = chunk;
    return this.release(chunk);
  }

  /** The smallest free chunk of at least `size`, now taken, cut to `size` where the rest is at least `worth(chunk)`. */
  take(size: number, worth: (chunk: Chunk) => boolean): Chunk | undefined {
    const at = this.#position({ size, address: -1 });
    const chunk = this.#free[at];
    if (!chunk) return undefined;
    this.#free.splice(at, 1);
    chunk.free = false;
    if (worth(chunk)) {
      const { next } = chunk;
      const rest: Chunk = { size: chunk.size - size, free: true, address: chunk.address + size, previous: chunk, next };
      if (next) next.previous = rest;
      chunk.next = rest;
      chunk.size = size;
      this.#insert(rest);
    }
    return chunk;
  }

  /** Frees a chunk; gives the free chunk that it is in now. */
  release(chunk: Chunk): Chunk {
    let whole = chunk;
    if (chunk.next?.free) {
      this.#remove(chunk.next);
      this.#join(chunk, chunk.next);
    }
    if (chunk.previous?.free) {
      whole = chunk.previous;
      this.#remove(whole);
      this.#join(whole, chunk);
    }
    whole.free = true;
    this.#insert(whole);
    return whole;
  }

  #join(left: Chunk, right: Chunk): void {
    left.size += right.size;
    left.next = right.next;
    if (right.next) right.next.previous = left;
  }

  #insert(chunk: Chunk): void {
    this.#free.splice(this.#position(chunk), 0, chunk);
  }

  #remove(chunk: Chunk): void {
    this.#free.splice(this.#position(chunk), 1);
  }

  #position(wanted: { readonly size: number; readonly address: number }): number {
    let [low, high] = [0, this.#free.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (before(this.#free[middle]!, wanted)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
