/** Parameters' gradients that come in parts, added up until they are handed on. Each part must have its data for itself. */
import { accumulate, type Parameter, type Sink } from '@dr2net/ops';
import { dispose, type Tensor } from '@tensorflow/tfjs-core';

/** Parameters' gradients that come in parts, added up until they are handed on. */
export class Sums {
  readonly #sums = new Map<Parameter, Tensor>();
  #adding: Tensor | undefined;

  /** @param target receives each parameter's sum, once */
  constructor(private readonly target: Sink) {}

  readonly sink: Sink = (parameter, gradient) => {
    const known = this.#sums.get(parameter);
    // While it is being added nobody owns it but us: out of memory must not leave it behind.
    this.#adding = gradient;
    const sum = known ? accumulate(known, gradient) : gradient;
    this.#adding = undefined;
    this.target.summing?.(sum);
    this.#sums.set(parameter, sum);
  };

  handOn(): void {
    for (const [parameter, sum] of this.#sums) {
      this.#sums.delete(parameter);
      this.target(parameter, sum);
    }
  }

  dispose(): void {
    dispose([...this.#sums.values()]);
    this.#adding?.dispose();
    this.#adding = undefined;
    this.#sums.clear();
  }
}
