/** The maximum of each channel over rows that come in parts, where it is, and what else stands there. */
import { holding, neighbourMax } from '@dr2net/ops';
import { add, concat, dispose, gather, mul, range, reshape, scalar, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { Part } from './parts.ts';

/** One number a channel [1, C]. */
export interface Maximum {
  readonly value: Tensor;
  /** The row that has it, int32; on ties the lowest. */
  readonly winner: Tensor;
  /** What the other tensor has in that place. */
  readonly beside: Tensor;
}

/** WebGPU's integers are right up to here. */
const largest = 2 ** 24;

/** x [rows, C] at one row a channel [C]: [1, C] */
function pick(x: Tensor, rows: Tensor): Tensor {
  const width = x.shape[1]!;
  const places = add(mul(rows, scalar(width, 'int32')), range(0, width, 1, 'int32'));
  return reshape(gather(reshape(x, [-1]), places), [1, width]);
}

/** The maximum of each channel over rows that come in parts. */
export class PartMaximum {
  readonly #parts: Maximum[] = [];

  /** Some rows y, and what stands beside them, [count, C] both; borrowed. Parts come in the order of their rows. */
  add(y: Tensor, beside: Tensor, { from }: Part): void {
    const width = y.shape[1]!;
    if (y.size > largest || from + y.shape[0]! > largest)
      throw new RangeError(
        `A maximum over rows ${from} … of a part [${y.shape}]: places beyond ${largest} are not counted rightly on every backend; take smaller parts or clouds.`,
      );
    const { value, winner } = neighbourMax.winners(y);
    this.#parts.push(
      holding((held) => {
        held.add(value);
        held.add(winner);
        const made = tidy(() => ({
          value: reshape(value, [1, width]),
          winner: reshape(add(winner, scalar(from, 'int32')), [1, width]),
          beside: pick(beside, winner),
        }));
        held.dispose();
        return made;
      }),
    );
  }

  /** Of all rows; owned by the caller. */
  merge(): Maximum {
    return tidy(() => {
      const values = concat(this.#parts.map(({ value }) => value));
      const { value, winner: part } = neighbourMax.winners(values);
      const of = (which: 'winner' | 'beside') => pick(concat(this.#parts.map((each) => each[which])), part);
      return { value: reshape(value, [1, -1]), winner: of('winner'), beside: of('beside') };
    });
  }

  dispose(): void {
    for (const each of this.#parts) dispose([each.value, each.winner, each.beside]);
    this.#parts.length = 0;
  }
}
