/** The range of a run's states, from which `exact` chooses its grid, and the check that they stay in it. */
import { stateLimit } from '@dr2net/ops';
import { abs, max, stack, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { StateRangeError } from './errors.ts';
import { forward } from './forward.ts';
import { type Held, holding } from './held.ts';
import { type Later, largestOf, readNumbers, readsAtOnce, whenRead } from './later.ts';
import type { Run } from './run.ts';

/** max |x_i| over all states, by a forward pass in floating point that keeps nothing. */
export function rangeOf(run: Run, x0: Tensor): Later<number> {
  return holding((held) => {
    const largest: Tensor[] = [];
    const visit = (x: Tensor) => largest.push(held.add(tidy(() => max(abs(x)))));
    const pair = forward(run, { last: x0, previous: x0 }, { visit });
    pair.last.dispose();
    pair.previous.dispose();
    const numbers = readNumbers(stack(largest));
    held.dispose();
    return whenRead(numbers, largestOf);
  });
}

/** Collects the largest magnitude of every state as the forward pass makes them, and refuses what left the range. */
export class RangeCheck {
  readonly #scalars: Tensor[] = [];
  #largest = 0;
  #noted = 0;

  constructor(
    private readonly run: Run,
    private readonly fractionBits: number,
    private readonly held: Held,
  ) {}

  /** Takes max |X_i| in grid units (a scalar is taken over), i = 0, 1, … Throws at once where it can be read at once. */
  note(largest: Tensor | number): void {
    if (typeof largest === 'number') this.#check(largest, this.#noted++);
    else if (readsAtOnce()) this.#check(largestOf(readNumbers(largest) as ArrayLike<number>), this.#noted++);
    else this.#scalars.push(this.held.keep(largest));
  }

  /** The largest magnitude of all states in their own units; rejects where a state left the range. */
  result(): Later<number> {
    if (this.#scalars.length === 0) return this.#largest;
    const numbers = readNumbers(stack(this.#scalars));
    this.held.free(...this.#scalars);
    return whenRead(numbers, (values) => {
      for (let i = 0; i < values.length; i++) this.#check(values[i]!, i);
      return this.#largest;
    });
  }

  #check(gridUnits: number, i: number): void {
    const unit = 2 ** this.fractionBits;
    if (!(gridUnits <= stateLimit)) {
      this.run.scale?.exceeded();
      const state = i === 0 ? 'The input x_0' : `The state x_${i}, after ${this.run.subBlocks[i - 1]!.name},`;
      // What int32 does not hold is saturated by the op: how far beyond it was is not known.
      const reached = gridUnits < 2 ** 31 - 1 ? gridUnits / unit : Number.POSITIVE_INFINITY;
      throw new StateRangeError(state, reached, stateLimit / unit, this.fractionBits);
    }
    this.#largest = Math.max(this.#largest, gridUnits / unit);
  }
}
