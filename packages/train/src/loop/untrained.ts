/**
 * Parameters that are not trained may change in a forward pass all the same (running statistics of BatchNorm). Their values from before a
 * step are held, so that a pass that does not count, or a step that is taken again, leaves no trace.
 */
import { hold, type Parameter } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';

export class UntrainedValues {
  readonly #held = new Map<Parameter, Tensor>();

  /** @param onHeld told of each value, for the memory meter; values that do not change share their data with the parameter */
  constructor(
    private readonly parameters: readonly Parameter[],
    private readonly onHeld: (value: Tensor) => void,
  ) {}

  /** Holds the values of now, instead of those held before. */
  hold(): void {
    this.dispose();
    for (const parameter of this.parameters) {
      if (parameter.trainable) continue;
      const value = hold(parameter.variable);
      this.onHeld(value);
      this.#held.set(parameter, value);
    }
  }

  /** Gives changed parameters the values that are held, and holds them no more. */
  restore(): void {
    for (const [parameter, value] of this.#held)
      if (parameter.variable.dataId !== value.dataId) parameter.assign(value);
      else value.dispose();
    this.#held.clear();
  }

  /** Lets the values go: what the parameters have now stands. */
  dispose(): void {
    for (const value of this.#held.values()) value.dispose();
    this.#held.clear();
  }
}
