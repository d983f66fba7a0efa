/** `verify`: whether the rebuilt X_0 is the stored one, bit for bit, and every state on the way what it was; if not, which sub-block is to blame. */
import { type ExactGrid, type Held, share } from '@dr2net/ops';
import { mul, round, stack, sub, sum, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { RebuildError } from './errors.ts';
import { type Later, readNumbers, whenRead } from './later.ts';
import type { Run } from './run.ts';

/** So many of the grid's bits are summed by themselves. */
const lowBits = 12;

/**
 * Two numbers: the sum of x, and that of its low bits. The same bits give the same numbers. One unit of the grid more in one element of
 * many is lost when large numbers are added up in float32, but not among the low bits, whose sum is small; a whole number more is no
 * change of those.
 */
function checksum(x: Tensor, fractionBits: number): Tensor {
  const multiple = 2 ** (lowBits - fractionBits);
  return tidy(() => {
    let high = x;
    for (const step of [(y: Tensor) => mul(y, 1 / multiple), round, (y: Tensor) => mul(y, multiple)]) {
      const next = step(high) as Tensor;
      if (high !== x) high.dispose();
      high = next;
    }
    const low = sub(x, high);
    high.dispose();
    return stack([sum(x), sum(low)]);
  });
}

function all<T>(values: Later<T>[]): Later<T[]> {
  return values.some((value) => value instanceof Promise) ? Promise.all(values) : (values as T[]);
}

export class RebuildCheck {
  readonly #stored: Tensor;
  readonly #forward: Tensor[] = [];
  readonly #backward: Tensor[] = [];
  readonly #outputs: Tensor[] = [];

  /**
   * @param grids of every sub-block
   * @param first X_0, borrowed
   */
  constructor(
    private readonly run: Run,
    private readonly grids: readonly ExactGrid[],
    private readonly held: Held,
    first: Tensor,
  ) {
    this.#stored = held.keep(share(first));
  }

  /** Sees x_0, x_1, … x_{n−1}, borrowed. */
  forward(x: Tensor): void {
    this.#forward.push(this.#checksum(x, this.#forward.length));
  }

  /** Sees x_{n−1}, … x_0, borrowed. */
  backward(x: Tensor): void {
    this.#backward.unshift(this.#checksum(x, this.grids.length - 1 - this.#backward.length));
  }

  /** Sees what sub-block 0 gave, borrowed, in the forward pass and again: nothing is rebuilt with it, but its gradients depend on it. */
  output(f: Tensor): void {
    this.#outputs.push(this.#checksum(f, 0));
  }

  /** Compares at the end of the walk; `rebuilt` X_0 is borrowed. Throws, or rejects, where a bit differs. */
  finish(rebuilt: Tensor): Later<true> {
    const sums = [...this.#forward, ...this.#backward, ...this.#outputs];
    const numbers = all([share(this.#stored), share(rebuilt), stack(sums)].map(readNumbers));
    this.held.free(this.#stored, ...sums);
    return whenRead(numbers, ([stored, again, checks]) => {
      const element = firstDifference(stored!, again!);
      const where = this.#where(checks!);
      if (element < 0 && where === '') return true;
      const what =
        element < 0
          ? 'The rebuild is not the forward pass, though x_0 came out the same.'
          : `The rebuilt x_0 is not the stored one: element ${element} of ${stored!.length} is ${again![element]} on the grid where ${stored![element]} was.`;
      throw new RebuildError(
        `${what}${where} A sub-block must give the same bits for the same input: look for a global random generator, batch statistics, or a kernel that is not deterministic on this backend.`,
      );
    });
  }

  /** @param checks two of each state, forward and backward, then of sub-block 0's two outputs */
  #where(checks: ArrayLike<number>): string {
    const { subBlocks } = this.run;
    const n = subBlocks.length;
    const same = (i: number, j: number) => [0, 1].every((k) => Object.is(checks[2 * i + k], checks[2 * j + k]));
    let i = n - 2;
    while (i >= 0 && same(i, n + i)) i--;
    if (i >= 0) return ` The first wrong state on the way back is x_${i}, rebuilt by ${subBlocks[i + 1]!.name}.`;
    return same(2 * n, 2 * n + 1)
      ? ''
      : ` The sub-block ${subBlocks[0]!.name} gave another output than in the forward pass.`;
  }

  #checksum(x: Tensor, i: number): Tensor {
    return this.held.keep(checksum(x, this.grids[i]!.fractionBits));
  }
}

function firstDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return i;
  return -1;
}
