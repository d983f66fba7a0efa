/** `verify`: whether the rebuilt X_0 is the stored one, bit for bit; and if not, where the rebuild went wrong. */
import { share } from '@dr2net/ops';
import { stack, sum, type Tensor } from '@tensorflow/tfjs-core';
import { RebuildError } from './errors.ts';
import type { Held } from './held.ts';
import { type Later, readNumbers, whenRead } from './later.ts';
import type { Run } from './run.ts';

function all<T>(values: Later<T>[]): Later<T[]> {
  return values.some((value) => value instanceof Promise) ? Promise.all(values) : (values as T[]);
}

export class RebuildCheck {
  readonly #stored: Tensor;
  /** The sum of each x_i that F_i read: the same bits give the same sum, so the first that differs names the sub-block. */
  readonly #forward: Tensor[] = [];
  readonly #backward: Tensor[] = [];

  /** @param first X_0, borrowed */
  constructor(
    private readonly run: Run,
    private readonly held: Held,
    first: Tensor,
  ) {
    this.#stored = held.keep(share(first));
  }

  /** Sees x_0, x_1, … x_{n−1}, borrowed. */
  forward(x: Tensor): void {
    this.#forward.push(this.held.keep(sum(x)));
  }

  /** Sees x_{n−1}, … x_0, borrowed. */
  backward(x: Tensor): void {
    this.#backward.unshift(this.held.keep(sum(x)));
  }

  /** Compares at the end of the walk; `rebuilt` X_0 is borrowed. Throws, or rejects, where a bit differs. */
  finish(rebuilt: Tensor): Later<true> {
    const sums = [...this.#forward, ...this.#backward];
    const numbers = all([share(this.#stored), share(rebuilt), stack(sums)].map(readNumbers));
    this.held.free(this.#stored, ...sums);
    return whenRead(numbers, ([stored, again, checks]) => {
      const element = firstDifference(stored!, again!, 0, stored!.length);
      if (element < 0) return true;
      const n = this.run.subBlocks.length;
      let i = n - 1;
      while (i >= 0 && Object.is(checks![i], checks![n + i])) i--;
      const where =
        i >= 0 && i < n - 1
          ? ` The first wrong state on the way back is x_${i}, rebuilt by ${this.run.subBlocks[i + 1]!.name}.`
          : '';
      throw new RebuildError(
        `The rebuilt x_0 is not the stored one: element ${element} of ${stored!.length} is ${again![element]} on the grid where ${stored![element]} was.${where} ` +
          'A sub-block must give the same bits for the same input: look for a global random generator, batch statistics, or a kernel that is not deterministic on this backend.',
      );
    });
  }
}

function firstDifference(a: ArrayLike<number>, b: ArrayLike<number>, from: number, to: number): number {
  for (let i = from; i < to; i++) if (a[i] !== b[i]) return i;
  return -1;
}
