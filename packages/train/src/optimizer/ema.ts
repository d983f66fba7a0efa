/** Exponential moving average of the parameters: e ← d·e + (1−d)·p after every step, starting at the first values. */
import { type Parameter, share } from '@dr2net/ops';
import { keep, type Tensor } from '@tensorflow/tfjs-core';
import { requireNumber } from '../check.ts';
import { combine } from './chain.ts';
import type { OnState } from './state.ts';

/** Exponential moving average of the parameters: e ← d·e + (1−d)·p after every step. */
export class MovingAverage {
  readonly #averages = new Map<Parameter, Tensor>();

  /** @param decay d in (0, 1) */
  constructor(
    readonly decay: number,
    parameters: readonly Parameter[],
    private readonly onState: OnState = () => {},
  ) {
    requireNumber('ema', 'decay', decay, (d) => d > 0 && d < 1, 'in (0, 1)');
    // A real copy would cost memory before it differs: the engine's tensors never change, so the value itself will do.
    for (const parameter of parameters) this.#set(parameter, share<Tensor>(parameter.variable));
  }

  /** Takes the present values in. */
  update(): void {
    for (const [parameter, average] of this.#averages) {
      const next = combine(this.decay, average, 1 - this.decay, parameter.variable);
      average.dispose();
      this.#set(parameter, next);
    }
  }

  /** Exchanges the model's values and the averages; called again it puts them back. */
  swap(): void {
    for (const [parameter, average] of this.#averages) {
      const value = share<Tensor>(parameter.variable);
      parameter.assign(average);
      this.#set(parameter, value);
    }
  }

  /** All averages, borrowed. */
  *entries(): Iterable<readonly [name: string, tensor: Tensor]> {
    for (const [parameter, tensor] of this.#averages) yield [parameter.name, tensor];
  }

  /** Takes an average of a checkpoint over. */
  restore(parameter: Parameter, tensor: Tensor): void {
    this.#averages.get(parameter)?.dispose();
    this.#set(parameter, tensor);
  }

  dispose(): void {
    for (const tensor of this.#averages.values()) tensor.dispose();
    this.#averages.clear();
  }

  #set(parameter: Parameter, tensor: Tensor): void {
    this.#averages.set(parameter, keep(tensor));
    this.onState(tensor);
  }
}
