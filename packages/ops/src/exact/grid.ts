/** Where exact arithmetic happens: states on a grid of 2⁻ᶠ, α = a/2ˢ, β = b/2ˢ. */

import { bitsOf, type DigitStream, packingFor, streamWords } from './packing.ts';

/** States on 2⁻ᶠ, α = a/2ˢ, β = b/2ˢ. */
export interface ExactGrid {
  /** α·2ˢ, an integer. */
  readonly a: number;
  /** β·2ˢ, an integer, not 0. */
  readonly b: number;
  /** s */
  readonly coefficientBits: number;
  /** f */
  readonly fractionBits: number;
  /** a/2ˢ */
  readonly alpha: number;
  /** b/2ˢ */
  readonly beta: number;
  /** How the indices below ⌈2ˢ/|b|⌉ are packed; empty where |β| ≥ 1. */
  readonly packing: readonly DigitStream[];
  /** Bits of side information an element, log₂⌈2ˢ/|b|⌉ where that is whole, and within 3 % of it elsewhere; 0 where |β| ≥ 1. */
  readonly sideBits: number;
}

/**
 * The finest coefficient grid for (α, β), at most 2⁻¹⁵: where int32 is all there is (WebGPU), the update adds up a·Xl + b·X'l of
 * numbers below 2ˢ, and the inverse a·v and 2ˢ·w of numbers below |b|; both sums must fit (kernels.ts). Finer coefficients cost
 * no more side information.
 */
export function maxCoefficientBits(alpha: number, beta: number): number {
  const [a, b] = [Math.abs(alpha), Math.abs(beta)];
  let s = 15;
  while (Math.max(a + b, a * b + b) * 4 ** s >= 2 ** 31) s--;
  return s;
}

/** States must stay within ±`stateLimit` on the grid: a factor 2 below what int32 holds, so that leaving it is seen. */
export const stateLimit = 2 ** 30;

/** How fine a grid is. */
export interface GridOptions {
  /** s, 0 … 15 (fewer where |α| + |β| ≥ 2); by default the fewest bits that represent (α, β), or the most (and they are rounded). */
  readonly coefficientBits?: number;
  /** f, 0 … 30: states are multiples of 2⁻ᶠ. */
  readonly fractionBits: number;
}

function integer(value: number, what: string, most: number): void {
  if (!Number.isInteger(value) || value < 0 || value > most)
    throw new RangeError(`exactGrid: ${what} is ${value}; it must be an integer from 0 to ${most}`);
}

/** The grid for (α, β), snapped to it. Throws where β becomes 0, and where a coefficient is not finite or beyond ±4. */
export function exactGrid(alpha: number, beta: number, { coefficientBits, fractionBits }: GridOptions): ExactGrid {
  for (const [name, value] of [
    ['α', alpha],
    ['β', beta],
  ] as const)
    if (!(Math.abs(value) <= 4)) throw new RangeError(`exactGrid: ${name} is ${value}; it must be a number in [−4, 4]`);
  integer(fractionBits, 'fractionBits', 30);
  const most = maxCoefficientBits(alpha, beta);
  let s = coefficientBits ?? 0;
  integer(s, 'coefficientBits', most);
  const fits = () => Number.isInteger(alpha * 2 ** s) && Number.isInteger(beta * 2 ** s);
  if (coefficientBits === undefined) while (s < most && !fits()) s++;
  const one = 2 ** s;
  const [a, b] = [Math.round(alpha * one), Math.round(beta * one)];
  if (b === 0)
    throw new RangeError(
      `exactGrid: β = ${beta} is 0 on a grid of 1/${one}; the update cannot be inverted. Choose |β| ≥ ${1 / one}${s < most ? ' or more coefficientBits' : ''}`,
    );
  const packing = packingFor(Math.ceil(one / Math.abs(b)));
  return {
    a: a + 0, // −0 becomes 0
    b,
    coefficientBits: s,
    fractionBits,
    alpha: a / one,
    beta: b / one,
    packing,
    sideBits: bitsOf(packing),
  };
}

/** int32 words that the side information of `size` elements takes: its streams one after the other. */
export function sideWords(size: number, { packing }: ExactGrid): number {
  return packing.reduce((words, stream) => words + streamWords(size, stream), 0);
}
