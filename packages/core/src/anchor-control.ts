/**
 * How far the measured errors of rebuilt states are from the predicted ones, over the steps of a training run: `anchors: 'auto'` places
 * more anchors at the next step when a measurement is above what was allowed, and fewer when it is far below.
 *
 * A pure function of what it has observed, so two runs that see the same states place the same anchors; `toJSON` goes into a
 * checkpoint and the constructor takes it back.
 */
import { MethodError } from './errors.ts';

/** A network may be better than predicted by this much, and no more is made of it. */
const least = 1 / 8;
/** Errors that are not finite count as this. */
const most = 2 ** 40;

/** What an {@link AnchorControl} has learned, for a checkpoint. */
export interface AnchorControlState {
  readonly factor: number;
}

/** Anchors that follow what is measured: more of them after an error above what was allowed, fewer after one far below. */
export class AnchorControl {
  #factor: number;

  /**
   * @param options where it begins
   * @param options.state what `toJSON` gave
   */
  constructor({ state }: { state?: AnchorControlState } = {}) {
    const factor = state?.factor ?? 1;
    if (!(factor >= least && factor <= most))
      throw new MethodError(`AnchorControl: the state's factor is ${factor}; it must be from ${least} to ${most}.`);
    this.#factor = factor;
  }

  /** How many times the prediction the errors are taken to be. */
  get factor(): number {
    return this.#factor;
  }

  /**
   * Takes the worst ratio of measured and predicted errors of a run; runs under `reversible` call it themselves. A larger one counts at
   * once; a smaller one only when it is below a quarter, and then halves the factor: one lucky batch moves little.
   */
  observe(ratio: number): void {
    const bounded = Number.isNaN(ratio) ? most : Math.min(most, ratio);
    if (bounded > this.#factor) this.#factor = bounded;
    else if (bounded < this.#factor / 4) this.#factor = Math.max(least, this.#factor / 2);
  }

  toJSON(): AnchorControlState {
    return { factor: this.#factor };
  }
}
