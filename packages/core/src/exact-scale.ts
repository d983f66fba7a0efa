/**
 * Which grid 2⁻ᶠ `exact` puts its states on, over the steps of a training run: measured once, kept while the states stay
 * well inside its range, chosen again when they come near the limit or use little of it.
 *
 * A pure function of what it has observed, so two runs that see the same states choose the same grids; `toJSON` goes into
 * a checkpoint and the constructor takes it back.
 */
import { stateLimit } from '@dr2net/ops';
import { MethodError } from './errors.ts';

/** f is not chosen beyond this: finer than float32 resolves values around 1. */
const finest = 24;
/** f where nothing was measured and the backend cannot read at once (WebGPU's first step): states up to 16,384. */
const provisional = 16;

/** f = ⌊log₂(2³⁰/(margin·largest))⌋, 0 … 24. Throws where even f = 0 does not hold `margin`·`largest`. */
export function chooseFractionBits(largest: number, margin = 16): number {
  if (!(largest >= 0 && largest * margin <= stateLimit))
    throw new MethodError(
      `exact: the states reach ${largest}; fixed point holds at most ${stateLimit / margin} with a margin of ${margin}. ` +
        'They grow with depth where |alpha| + |beta| > 1: choose coefficients that add up to 1, such as (63/64, 1/64), or the method conventional or checkpoint; otherwise look at the input and the weights.',
    );
  if (largest === 0) return finest;
  return Math.min(finest, Math.floor(Math.log2(stateLimit / (margin * largest))));
}

/** What an {@link ExactScale} has chosen, for a checkpoint. */
export interface ExactScaleState {
  /** f, or null before the first measurement. */
  readonly fractionBits: number | null;
}

/** The grid 2⁻ᶠ of `exact` over a training run: measured, kept while the states stay well inside its range, chosen again when they do not. */
export class ExactScale {
  readonly #margin: number;
  #fractionBits: number | null;

  /**
   * @param options where it begins
   * @param options.margin how many times the largest state must fit into the range when f is chosen; at least 2, default 16
   * @param options.state what `toJSON` gave
   */
  constructor({ margin = 16, state }: { margin?: number; state?: ExactScaleState } = {}) {
    if (!(margin >= 2 && Number.isFinite(margin)))
      throw new MethodError(`ExactScale: margin is ${margin}; it must be a finite number, 2 or more.`);
    const bits = state?.fractionBits ?? null;
    if (bits !== null && !(Number.isInteger(bits) && bits >= 0 && bits <= finest))
      throw new MethodError(
        `ExactScale: the state's fractionBits is ${bits}; it must be a whole number from 0 to ${finest}.`,
      );
    this.#margin = margin;
    this.#fractionBits = bits;
  }

  /** Whether f has been chosen. */
  get measured(): boolean {
    return this.#fractionBits !== null;
  }

  /** f for the next run. */
  get fractionBits(): number {
    return this.#fractionBits ?? provisional;
  }

  /** Takes the largest magnitude among the states of a run; runs under `exact` with this scale call it themselves. */
  observe(largest: number): void {
    if (this.#fractionBits !== null) {
      const used = (largest * 2 ** this.#fractionBits) / stateLimit;
      const near = used > 0.25;
      const idle = used * this.#margin < 1 / 8 && this.#fractionBits < finest;
      if (!near && !idle) return;
    }
    this.#fractionBits = chooseFractionBits(largest, this.#margin);
  }

  /** A run left the range: its states are not known, so f falls by 4 bits. The run itself throws. */
  exceeded(): void {
    this.#fractionBits = Math.max(0, this.fractionBits - 4);
  }

  toJSON(): ExactScaleState {
    return { fractionBits: this.#fractionBits };
  }
}
