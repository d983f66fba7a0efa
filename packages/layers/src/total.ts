/** A sum of tensors that come one after the other. Each must have its data for itself. */
import { accumulate, type Sink } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';

/** A sum of tensors that come one after the other. */
export class Total {
  #sum: Tensor | undefined;
  #adding: Tensor | undefined;

  /** @param shown is shown the sum of now, where it is a parameter's gradient */
  constructor(private readonly shown?: Sink['summing']) {}

  /** Takes the term over. */
  add(term: Tensor): void {
    // While it is being added nobody owns it but us: out of memory must not leave it behind.
    this.#adding = term;
    this.#sum = this.#sum ? accumulate(this.#sum, term) : term;
    this.#adding = undefined;
    this.shown?.(this.#sum);
  }

  /** The sum, owned by the caller from now on. */
  release(): Tensor {
    const sum = this.#sum;
    if (!sum) throw new RangeError('Nothing was added up; a sum of no tensors has no shape.');
    this.#sum = undefined;
    return sum;
  }

  dispose(): void {
    this.#sum?.dispose();
    this.#adding?.dispose();
    this.#sum = undefined;
    this.#adding = undefined;
  }
}
