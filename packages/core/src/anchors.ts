/** Anchors: state pairs (x_i, x_{i−1}) that `reversible` keeps, so that rounding errors are amplified only between them. */
import { MethodError } from './errors.ts';

/**
 * The positions of the anchors among 0 … n − 1, ascending. A number spaces them evenly over the n sub-blocks; a list names them
 * (at 0 the pair is (x_0, x_0): nothing is restarted there, but the rebuilt x_0 is compared with the stored one).
 */
export function anchorPositions(anchors: number | readonly number[] | undefined, n: number): number[] {
  if (anchors === undefined) return [];
  if (typeof anchors === 'number') {
    if (!Number.isInteger(anchors) || anchors < 0 || anchors >= n)
      throw new MethodError(
        `reversible: anchors is ${anchors}; with ${n} sub-blocks it must be a whole number from 0 to ${n - 1}, or a list of positions.`,
      );
    return Array.from({ length: anchors }, (_, j) => Math.round(((j + 1) * n) / (anchors + 1)));
  }
  for (const position of anchors)
    if (!Number.isInteger(position) || position < 0 || position >= n)
      throw new MethodError(
        `reversible: an anchor is at ${position}; with ${n} sub-blocks positions are whole numbers from 0 to ${n - 1} (the pair at ${n} is always kept).`,
      );
  return [...new Set(anchors)].sort((a, b) => a - b);
}
