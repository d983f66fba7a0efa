/** The grids that a run under `exact` works on. */
import { type ExactGrid, exactGrid } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Coefficients } from './contract.ts';
import { CoefficientsError, MethodError } from './errors.ts';
import { type ExactMethod, finerBits } from './exact-growth.ts';
import { chooseFractionBits } from './exact-scale.ts';
import { largestOf, readsAtOnce } from './later.ts';
import { gridOfState, rangesOf } from './range.ts';
import type { Run } from './run.ts';

/** (α, β) on the coarsest grid 2⁻ˢ that holds them, or on the one asked for. */
export function gridFor(method: ExactMethod, { alpha, beta }: Coefficients, fractionBits: number): ExactGrid {
  const { coefficientBits } = method;
  try {
    return exactGrid(alpha, beta, { fractionBits, ...(coefficientBits !== undefined && { coefficientBits }) });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new CoefficientsError(message.replace(/^exactGrid:/, 'exact:'), { cause: error });
  }
}

/** f of the finest grid that the ops know. */
const mostFractionBits = 30;

/** f of the last grid: the number given, or the scale's, or measured for this run alone. */
function lastFractionBits({ fractionBits = 'auto' }: ExactMethod, run: Run, x0: Tensor, more: number[]): number {
  if (fractionBits !== 'auto') return fractionBits;
  const { scale } = run;
  if (scale?.measured || (scale && !readsAtOnce())) return scale.fractionBits;
  if (!readsAtOnce())
    throw new MethodError(
      'exact: fractionBits "auto" needs the range of the states, which WebGPU cannot read synchronously. ' +
        'Give options.scale = new ExactScale(), or the number chooseFractionBits(await measureRange(…)).',
    );
  const ranges = rangesOf(run, x0);
  if (ranges instanceof Promise) throw new Error('rangesOf gave a promise on a backend that reads at once');
  // A state on a finer grid needs as much room as a larger one on the last.
  const largest = largestOf(Array.from(ranges, (range, i) => range * 2 ** more[gridOfState(i)]!));
  if (!scale) return chooseFractionBits(largest);
  scale.observe(largest);
  return scale.fractionBits;
}

/** The grid of every sub-block: it holds the pair that the sub-block reads, and the state that it gives. */
export function gridsFor(method: ExactMethod, run: Run, x0: Tensor): ExactGrid[] {
  const more = finerBits(method, run.coefficients, run.subBlocks.length);
  const last = lastFractionBits(method, run, x0, more);
  const grid = gridFor(method, run.coefficients, last);
  return more.map((bits) => ({ ...grid, fractionBits: Math.min(mostFractionBits, last + bits) }));
}
