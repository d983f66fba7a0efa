/** The grids that `exact` has chosen, one a reversible run, remembered from step to step and through checkpoints. */
import { ExactScale, type ExactScaleState } from '@dr2net/core';

export class GridMemory {
  readonly #scales: ExactScale[] = [];
  #held: readonly ExactScaleState[] | undefined;

  /** @param states what `toJSON` gave */
  constructor(states: readonly ExactScaleState[] = []) {
    this.restore(states);
  }

  /** The scale of the model's reversible run number `run`. */
  readonly scaleOf = (run: number): ExactScale => {
    while (this.#scales.length <= run) this.#scales.push(new ExactScale());
    const state = this.#held?.[run];
    if (state) this.#scales[run] = new ExactScale({ state });
    return this.#scales[run]!;
  };

  /**
   * While held, every batch begins with the grids of now: in a step that is taken again because one batch needs a
   * coarser grid, another batch must not choose the finer one again.
   */
  hold(held: boolean): void {
    this.#held = held ? this.toJSON() : undefined;
  }

  restore(states: readonly ExactScaleState[]): void {
    this.#scales.splice(0, this.#scales.length, ...states.map((state) => new ExactScale({ state })));
  }

  toJSON(): ExactScaleState[] {
    return this.#scales.map((scale) => scale.toJSON());
  }
}
