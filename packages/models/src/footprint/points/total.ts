/** A sum of tensors that come one after the other, dry (`total.ts` of `@dr2net/layers`). */
import { accumulated, type DryTensor } from '@dr2net/memory';
import type { Operations } from './place.ts';

export class DryTotal {
  #sum: DryTensor | undefined;

  /** @param gradients whether it is a parameter's gradient */
  constructor(
    private readonly at: Operations,
    private readonly gradients = false,
  ) {}

  /** Takes the term over. */
  add(term: DryTensor): void {
    const { engine, family } = this.at;
    const sum = this.#sum ? accumulated(engine, family, this.#sum, term) : term;
    this.#sum = this.gradients ? engine.label(sum, 'gradients') : sum;
  }

  release(): DryTensor {
    const sum = this.#sum;
    if (!sum) throw new Error('A dry total of nothing.');
    this.#sum = undefined;
    return sum;
  }
}
