/** A sum of tensors that come one after the other and stay their owners'. */
import { share } from '@dr2net/ops';
import { add, keep, type Tensor } from '@tensorflow/tfjs-core';

export class BorrowedSum {
  #sum: Tensor | undefined;

  /** @param term borrowed */
  add(term: Tensor): void {
    const before = this.#sum;
    this.#sum = keep(before ? add(before, term) : share(term));
    before?.dispose();
  }

  /** The sum, owned by the caller from now on; undefined where nothing came. */
  release(): Tensor | undefined {
    const sum = this.#sum;
    this.#sum = undefined;
    return sum;
  }

  dispose(): void {
    this.release()?.dispose();
  }
}
