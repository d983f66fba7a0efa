/**
 * Where the grid of `exact` coarsens within a run. Where (α, β) let the states grow, a grid that holds the last ones is too coarse for
 * the first, and their gradients lose bits. So early states have a finer grid, and before some sub-blocks both states of the pair lose
 * their last bit, which is kept with the side information: the rebuild stays bit for bit.
 *
 * How much finer follows from (α, β) and the depth alone, by the states' predicted root mean square (`stateScales`): so a checkpoint
 * need not say it, and a planner knows it. Only f of the last grid is measured.
 */
import type { Coefficients, Method } from './contract.ts';
import { stateScales } from './rebuild-error.ts';

export type ExactMethod = Extract<Method, { name: 'exact' }>;

/**
 * One grid serves states that are predicted to grow by less: 12 transformer blocks where the schedules begin, at (1, 0.1), 400 at
 * (63/64, 1/64). Just below, at 24 and 28 sub-blocks, gradients of random transformers are 1.0 to 3.0 times as far from float64 as
 * conventional ones (1.6 in the median of 20).
 */
const growthOfOneGrid = 20;
/** Beyond that, early states still have so many bits less than their size asks for. */
const spared = 1;

/**
 * Bits by which the grid of sub-block i = 0 … n − 1 is finer than the last one's, not increasing; all 0 where one grid serves, and where
 * the method has its f given.
 */
export function finerBits(
  { fractionBits = 'auto' }: ExactMethod,
  coefficients: Coefficients,
  subBlocks: number,
): number[] {
  const none = new Array<number>(subBlocks).fill(0);
  if (fractionBits !== 'auto') return none;
  // The square of the largest so far; one beyond float64 counts as its largest number.
  let largest = 1;
  const sizes = stateScales(coefficients, subBlocks).map((square) => {
    if (square > largest) largest = Math.min(square, Number.MAX_VALUE);
    return Math.log2(largest) / 2;
  });
  const last = sizes[subBlocks]!;
  if (last < Math.log2(growthOfOneGrid)) return none;
  // The grid of sub-block i holds x_{i−1}, x_i and x_{i+1}.
  return sizes.slice(1).map((size) => Math.max(0, Math.round(last - size) - spared));
}
