/** Anchors: state pairs (x_i, x_{i−1}) that `reversible` keeps, so that rounding errors are amplified only between them. */
import { defaultTolerance, planAnchors, predictGradientError } from './anchor-plan.ts';
import type { Coefficients, Method } from './contract.ts';
import { MethodError, ToleranceError } from './errors.ts';
import { inWords } from './names.ts';

export type ReversibleMethod = Extract<Method, { name: 'reversible' }>;

/**
 * The positions of the anchors among 0 … n − 1, ascending. A number spaces them evenly over the n sub-blocks; a list names them
 * (at 0 the pair is (x_0, x_0): nothing is restarted there, but the rebuilt x_0 is compared with the stored one).
 */
function positionsOf(anchors: number | readonly number[], n: number): number[] {
  if (typeof anchors === 'number') {
    if (!Number.isInteger(anchors) || anchors < 0 || anchors >= n)
      throw new MethodError(
        `reversible: anchors is ${anchors}; with ${n} sub-blocks it must be a whole number from 0 to ${n - 1}, a list of positions, or 'auto'.`,
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

/** The tolerance of a method; ∞ is the plain inverse, asked for on purpose. */
export function toleranceOf({ tolerance = defaultTolerance }: ReversibleMethod): number {
  if (!(typeof tolerance === 'number' && tolerance > 0))
    throw new MethodError(
      `reversible: tolerance is ${inWords(tolerance)}; it must be a number above 0, the relative error that rebuilding may add to a gradient ` +
        `(default ${defaultTolerance}), or Infinity to invert whatever comes of it.`,
    );
  return tolerance;
}

/**
 * Where a run of n sub-blocks keeps its anchors.
 * @param factor how many times the prediction the errors are taken to be where anchors place themselves
 */
export function anchorPositions(
  method: ReversibleMethod,
  coefficients: Coefficients,
  n: number,
  factor?: number,
): number[] {
  const { anchors = 'auto' } = method;
  return anchors === 'auto' ? planAnchors(coefficients, n, toleranceOf(method), factor) : positionsOf(anchors, n);
}

/** The fewest evenly spaced anchors that keep the tolerance. With n − 1 everything is stored. */
function enough(coefficients: Coefficients, n: number, tolerance: number): number {
  let count = 0;
  while (count < n - 1 && predictGradientError(coefficients, n, positionsOf(count, n)) > tolerance) count++;
  return count;
}

/**
 * Throws where the anchors that were asked for are predicted not to keep the tolerance.
 * @throws MethodError, ToleranceError
 */
export function refuseTooFewAnchors(method: ReversibleMethod, coefficients: Coefficients, n: number): void {
  const { anchors = 'auto' } = method;
  const tolerance = toleranceOf(method);
  if (anchors === 'auto') return;
  const positions = positionsOf(anchors, n);
  const predicted = predictGradientError(coefficients, n, positions);
  if (predicted <= tolerance) return;
  const { alpha, beta } = coefficients;
  throw new ToleranceError(
    `reversible: with ${positions.length} anchors the inverse at alpha = ${alpha}, beta = ${beta} is predicted to add a relative error of ` +
      `${predicted.toPrecision(2)} to the gradients of ${n} sub-blocks, beyond the tolerance of ${tolerance}. Take anchors: 'auto' ` +
      `(${planAnchors(coefficients, n, tolerance).length} here) or ${enough(coefficients, n, tolerance)} evenly spaced, ` +
      'the method exact, a larger tolerance, or tolerance: Infinity to run the inverse as it is, on purpose.',
    predicted,
    tolerance,
  );
}
