/** A pair of integer states on a coarser grid, and back bit for bit. */
import { type Held, exact as op } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';

export interface IntegerPair {
  /** X_i */
  readonly now: Tensor;
  /** X_{i−1} */
  readonly before: Tensor;
}

/** What either state lost, packed. */
export interface LostBits extends IntegerPair {
  readonly bits: number;
}

/** Frees a state, and keeps it on the coarser grid with the bits that it lost. */
function coarser(held: Held, x: Tensor, bits: number) {
  const { coarse, side } = op.coarsen(x, bits);
  held.keep(coarse);
  held.keep(side);
  held.free(x);
  return { coarse, side };
}

/** Takes the pair's place in `held`. */
export function coarsenPair(held: Held, pair: IntegerPair, bits: number): IntegerPair & { readonly lost: LostBits } {
  const before = coarser(held, pair.before, bits);
  const now = coarser(held, pair.now, bits);
  return { now: now.coarse, before: before.coarse, lost: { bits, now: now.side, before: before.side } };
}

function finer(held: Held, coarse: Tensor, side: Tensor, bits: number): Tensor {
  const x = held.keep(op.refine(coarse, side, bits));
  held.free(coarse, side);
  return x;
}

/** The pair as it was. */
export function refinePair(held: Held, pair: IntegerPair, { bits, now, before }: LostBits): IntegerPair {
  return { now: finer(held, pair.now, now, bits), before: finer(held, pair.before, before, bits) };
}
