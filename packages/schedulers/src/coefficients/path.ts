/** The way that the coefficients of `dynamic` and `adaptive` go: a straight line from (1, 0.1), paper section 3.3. */
import { finite, inRange } from '../check.ts';

/** Where the coefficients go. */
export interface PathOptions {
  /** r, 0 … 1: how far they move (default 0.6, which ends at (0.4, 0.7)). */
  readonly ratio?: number;
  /** Holds α + β at this value. */
  readonly sum?: number | undefined;
}

/** β where the way begins: with α = 1 the inverse would divide by 0. */
const first = 0.1;

/**
 *     α = 1 − r·t,   β = 0.1 + r·t          with `sum`: α = sum − β
 *
 * @param schedule whose options these are, for messages
 * @returns the coefficients at t, 0 … 1
 */
export function path(
  schedule: string,
  { ratio = 0.6, sum }: PathOptions,
): (t: number) => { alpha: number; beta: number } {
  inRange(schedule, 'ratio', ratio, 0, 1);
  if (sum !== undefined) finite(schedule, 'sum', sum);
  return (t) => {
    const beta = first + ratio * t;
    return { alpha: sum === undefined ? 1 - ratio * t : sum - beta, beta };
  };
}
