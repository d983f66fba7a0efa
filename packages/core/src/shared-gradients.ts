/**
 * Parameters that several sub-blocks share. Their gradients are summed and handed over when the walk has passed the first of
 * these sub-blocks: a sink may update a parameter at once, and the sub-blocks before are still to be rebuilt with its old value.
 */
import type { Held, Parameter, Sink } from '@dr2net/ops';
import { add, type Tensor } from '@tensorflow/tfjs-core';
import type { Run } from './run.ts';

export class SharedGradients {
  /** The first sub-block that uses a shared parameter. */
  readonly #first = new Map<Parameter, number>();
  readonly #sums = new Map<Parameter, Tensor>();

  /** @param target receives every gradient in the end */
  constructor(
    run: Run,
    private readonly held: Held,
    private readonly target: Sink,
  ) {
    const seen = new Map<Parameter, number>();
    for (const [i, { parameters }] of run.subBlocks.entries())
      for (const parameter of new Set(parameters)) {
        const first = seen.get(parameter);
        if (first === undefined) seen.set(parameter, i);
        else this.#first.set(parameter, first);
      }
  }

  readonly sink: Sink = Object.assign(
    (parameter: Parameter, gradient: Tensor) => {
      if (!this.#first.has(parameter)) {
        this.target(parameter, gradient);
        return;
      }
      this.held.add(gradient);
      const sum = this.#sums.get(parameter);
      const total = sum ? this.held.add(add(sum, gradient)) : gradient;
      this.target.summing?.(total);
      this.#sums.set(parameter, total);
      if (sum) this.held.free(sum, gradient);
    },
    { summing: (gradient: Tensor) => this.target.summing?.(gradient) },
  );

  /** Sub-block i is done. */
  finish(i: number): void {
    for (const [parameter, sum] of this.#sums) {
      if (this.#first.get(parameter) !== i) continue;
      this.#sums.delete(parameter);
      this.target(parameter, this.held.release(sum));
    }
  }
}
