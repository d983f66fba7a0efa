/**
 * What each reversible run of a model remembers from step to step and through checkpoints: the grid that `exact` has chosen, how the
 * measured errors of `reversible` compare with the predicted ones.
 */
import { AnchorControl, type AnchorControlState, ExactScale, type ExactScaleState } from '@dr2net/core';

export class PerRun<Item extends { toJSON(): State }, State> {
  readonly #items: Item[] = [];
  #held: readonly State[] | undefined;

  /**
   * @param make from what an item's `toJSON` gave, or anew
   * @param states what this `toJSON` gave
   */
  constructor(
    private readonly make: (state?: State) => Item,
    states: readonly State[] = [],
  ) {
    this.restore(states);
  }

  /** The item of the model's reversible run number `run`. */
  readonly of = (run: number): Item => {
    while (this.#items.length <= run) this.#items.push(this.make());
    const state = this.#held?.[run];
    if (state) this.#items[run] = this.make(state);
    return this.#items[run]!;
  };

  /**
   * While held, every batch begins with the states of now: in a step that is taken again because one batch needs a
   * coarser grid, another batch must not choose the finer one again.
   */
  hold(held: boolean): void {
    this.#held = held ? this.toJSON() : undefined;
  }

  restore(states: readonly State[]): void {
    this.#items.splice(0, this.#items.length, ...states.map((state) => this.make(state)));
  }

  /** The same again, for a pass that must leave no trace. */
  copy(): PerRun<Item, State> {
    return new PerRun(this.make, this.toJSON());
  }

  toJSON(): State[] {
    return this.#items.map((item) => item.toJSON());
  }
}

export const grids = () => new PerRun<ExactScale, ExactScaleState>((state) => new ExactScale(state && { state }));

export const anchorControls = () =>
  new PerRun<AnchorControl, AnchorControlState>((state) => new AnchorControl(state && { state }));
