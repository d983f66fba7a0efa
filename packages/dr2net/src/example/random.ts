/** A seeded generator of numbers (mulberry32): the clips must be the same on every machine. */
export class Random {
  #state: number;

  /** Equal seeds give equal sequences; every part of the seed counts. */
  constructor(...seed: readonly number[]) {
    let state = 0x9e3779b9;
    for (const part of seed) {
      state = Math.imul(state ^ (part >>> 0), 0x85ebca6b) >>> 0;
      state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35) >>> 0;
      state = (state ^ (state >>> 16)) >>> 0;
    }
    this.#state = state;
  }

  /** Uniform in [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /** An integer in 0 … count − 1. */
  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  /** Nearly normal, mean 0, deviation 1: the sum of four uniform numbers, scaled. */
  normal(): number {
    return (this.next() + this.next() + this.next() + this.next() - 2) * Math.sqrt(3);
  }
}
