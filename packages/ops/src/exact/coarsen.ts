/**
 * One state on a grid coarser by k bits, and back. That is the update itself with F = 0 and (α, β) = (0, 2⁻ᵏ): X' = ⌊X/2ᵏ⌋, and its
 * side information is the k bits that fall away; for negative X too, since it floors.
 */
import { fill, type Tensor } from '@tensorflow/tfjs-core';
import { scope } from '../engine.ts';
import { type ExactGrid, exactGrid } from './grid.ts';
import type { ExactKernel } from './index.ts';

/** A state on a coarser grid, with what fell away. */
export interface Coarsened {
  /** ⌊X/2ᵏ⌋, int32. */
  readonly coarse: Tensor;
  /** X mod 2ᵏ, packed: int32 [⌈k·size/32⌉]. */
  readonly side: Tensor;
}

/** (0, 2⁻ᵏ); f does not matter where F = 0. */
export function coarseGrid(bits: number): ExactGrid {
  if (!(Number.isInteger(bits) && bits >= 1 && bits <= 15))
    throw new RangeError(`exact: a grid coarser by ${bits} bits; it must be a whole number from 1 to 15`);
  return exactGrid(0, 2 ** -bits, { fractionBits: 0 });
}

const nothing = (x: Tensor): Tensor => fill(x.shape, 0, 'float32');

export function coarsen(kernel: ExactKernel, x: Tensor, bits: number): Coarsened {
  const on = coarseGrid(bits);
  const { coarse, side } = scope(() => {
    const { next, side } = kernel.update(nothing(x), x, x, on);
    return { coarse: next, side };
  });
  return { coarse, side };
}

export function refine(kernel: ExactKernel, coarse: Tensor, side: Tensor, bits: number): Tensor {
  return scope(() => kernel.inverse(coarse, nothing(coarse), coarse, side, coarseGrid(bits)));
}
