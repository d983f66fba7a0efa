/** Where `reversible` keeps state pairs so that what is rebuilt between them is good enough: prediction and placement. */
import type { Coefficients } from './contract.ts';
import { RebuildWalk, stateScales } from './rebuild-error.ts';

/**
 * The error of a gradient, max|Δ|/max|g| of the worst tensor, over the worst relative error of a rebuilt state that it was computed
 * from. Measured on random transformers against float64: 2 in the median, at most 4.4.
 */
const sensitivity = 4.5;

/**
 * What `tolerance` is by default: the error that rebuilding may add to a gradient, max|Δ|/max|g| of the worst tensor. It is what float32
 * itself costs, conventional gradients in float32 against float64: see the table in this package's README. So the
 * whole error is at most about twice that of ordinary training.
 */
export const defaultTolerance = 1.5e-6;

/** A state on the way back. */
export interface RebuiltState {
  readonly state: number;
  /** Predicted √E|rebuilt − stored|²/√E|x|². */
  readonly error: number;
  /** Whether the stored state takes its place. */
  readonly stored: boolean;
}

/** Every state that the walk back rebuilds, x_{n−2} … x_0, with anchors (pairs (x_i, x_{i−1})) at the positions. */
export function rebuiltStates(coefficients: Coefficients, n: number, positions: readonly number[]): RebuiltState[] {
  const stored = new Set(positions.flatMap((i) => [i, i - 1]));
  const walk = new RebuildWalk(coefficients, stateScales(coefficients, n), n - 1);
  return Array.from({ length: Math.max(0, n - 1) }, (_, k) => {
    const state = n - 2 - k;
    const error = walk.next();
    if (stored.has(state)) walk.settle();
    return { state, error, stored: stored.has(state) };
  });
}

/** The gradient error that the worst of these states gives, where it is used; 0 where nothing rebuilt is. */
export function gradientErrorOf(states: readonly RebuiltState[]): number {
  return states.reduce((worst, { error, stored }) => (stored ? worst : Math.max(worst, sensitivity * error)), 0);
}

/**
 * The predicted relative error, max|Δ|/max|g| of the worst tensor, that rebuilding adds to the gradients of a run of n sub-blocks
 * under `reversible`. Pure; see `rebuild-error.ts` for the model and how far it holds.
 *
 * @param anchors positions of stored state pairs (x_i, x_{i−1}), 0 … n − 1
 */
export function predictGradientError(coefficients: Coefficients, n: number, anchors: readonly number[]): number {
  return gradientErrorOf(rebuiltStates(coefficients, n, anchors));
}

/** Anchors from the top, each as far down as the limit on states' errors allows. */
function farthest(coefficients: Coefficients, n: number, scales: readonly number[], limit: number): number[] {
  const positions: number[] = [];
  for (let from = n; from >= 2; ) {
    const walk = new RebuildWalk(coefficients, scales, from - 1);
    let i = from - 2;
    while (i >= 0 && walk.next() <= limit) i--;
    if (i < 0) break;
    positions.unshift(i);
    from = i;
  }
  return positions;
}

/**
 * The fewest anchors with which the predicted gradient error is within the tolerance, placed so that the worst error is the least:
 * positions of state pairs (x_i, x_{i−1}), ascending. There always are some: with one at every second sub-block all states are stored.
 *
 * @param factor how many times the prediction the errors really are (an `AnchorControl` measures it)
 */
export function planAnchors(coefficients: Coefficients, n: number, tolerance: number, factor = 1): number[] {
  const scales = stateScales(coefficients, n);
  const place = (limit: number) => farthest(coefficients, n, scales, limit);
  let high = tolerance / (sensitivity * factor);
  let best = place(high);
  if (best.length === 0 || high === 0) return best;
  // Errors grow geometrically with distance, so the limit is halved in its logarithm.
  let low = high * 1e-3;
  for (let round = 0; round < 12; round++) {
    const middle = Math.sqrt(low * high);
    const positions = place(middle);
    if (positions.length === best.length) [best, high] = [positions, middle];
    else low = middle;
  }
  return best;
}
