/** The grids that `exact` has chosen, one a reversible run, remembered from step to step and through checkpoints. */
import { ExactScale, type ExactScaleState } from '@dr2net/core';

export class GridMemory {
  readonly #scales: ExactScale[] = [];

  /** @param states what `toJSON` gave */
  constructor(states: readonly ExactScaleState[] = []) {
    this.restore(states);
  }

  /** The scale of the model's reversible run number `run`. */
  readonly scaleOf = (run: number): ExactScale => {
    while (this.#scales.length <= run) this.#scales.push(new ExactScale());
    return this.#scales[run]!;
  };

  restore(states: readonly ExactScaleState[]): void {
    this.#scales.splice(0, this.#scales.length, ...states.map((state) => new ExactScale({ state })));
  }

  toJSON(): ExactScaleState[] {
    return this.#scales.map((scale) => scale.toJSON());
  }
}
