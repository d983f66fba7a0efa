/** The range of a run's states, from which `exact` chooses its grid, and the check that they stay in it. */
import { type ExactGrid, type Held, holding, stateLimit } from '@dr2net/ops';
import { abs, max, stack, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { StateRangeError } from './errors.ts';
import { forward } from './forward.ts';
import { type Later, largestOf, readNumbers, readsAtOnce, whenRead } from './later.ts';
import type { Run } from './run.ts';

/** The sub-block whose grid the state x_i is made on. */
export const gridOfState = (i: number): number => Math.max(0, i - 1);

/** max |x_i| of every state, by a forward pass in floating point that keeps nothing. */
export function rangesOf(run: Run, x0: Tensor): Later<ArrayLike<number>> {
  return holding((held) => {
    const largest: Tensor[] = [];
    const visit = (x: Tensor) => largest.push(held.add(tidy(() => max(abs(x)))));
    const pair = forward(run, { last: x0, previous: x0 }, { visit });
    pair.last.dispose();
    pair.previous.dispose();
    const numbers = readNumbers(stack(largest));
    held.dispose();
    return numbers;
  });
}

/** The largest magnitudes of a run's states. */
export interface StateRange {
  /** In their own units. */
  readonly largest: number;
  /** As a scale sees them: a state on a grid that is finer by k bits counts as 2ᵏ times as large. */
  readonly onLastGrid: number;
}

/** Collects the largest magnitude of every state as the forward pass makes them, and refuses what left the range. */
export class RangeCheck {
  readonly #scalars: Tensor[] = [];
  #largest = 0;
  #largestUnits = 0;
  #noted = 0;

  /** @param grids of every sub-block */
  constructor(
    private readonly run: Run,
    private readonly grids: readonly ExactGrid[],
    private readonly held: Held,
  ) {}

  /** Takes max |X_i| in grid units (a scalar is taken over), i = 0, 1, … Throws at once where it can be read at once. */
  note(largest: Tensor | number): void {
    if (typeof largest === 'number') this.#check(largest, this.#noted++);
    else if (readsAtOnce()) this.#check(largestOf(readNumbers(largest) as ArrayLike<number>), this.#noted++);
    else this.#scalars.push(this.held.keep(largest));
  }

  /** The range of all states; rejects where one left its grid's. */
  result(): Later<StateRange> {
    if (this.#scalars.length === 0) return this.#range();
    const numbers = readNumbers(stack(this.#scalars));
    this.held.free(...this.#scalars);
    return whenRead(numbers, (values) => {
      for (let i = 0; i < values.length; i++) this.#check(values[i]!, i);
      return this.#range();
    });
  }

  #range(): StateRange {
    return { largest: this.#largest, onLastGrid: this.#largestUnits / 2 ** this.grids.at(-1)!.fractionBits };
  }

  #check(gridUnits: number, i: number): void {
    const { fractionBits } = this.grids[gridOfState(i)]!;
    const unit = 2 ** fractionBits;
    if (!(gridUnits <= stateLimit)) {
      this.run.scale?.exceeded();
      const state = i === 0 ? 'The input x_0' : `The state x_${i}, after ${this.run.subBlocks[i - 1]!.name},`;
      // What int32 does not hold is saturated by the op: how far beyond it was is not known.
      const reached = gridUnits < 2 ** 31 - 1 ? gridUnits / unit : Number.POSITIVE_INFINITY;
      throw new StateRangeError(state, reached, stateLimit / unit, fractionBits);
    }
    this.#largest = Math.max(this.#largest, gridUnits / unit);
    this.#largestUnits = Math.max(this.#largestUnits, gridUnits);
  }
}
