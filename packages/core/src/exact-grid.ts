/** The grid that a run under `exact` works on. */
import { type ExactGrid, exact } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Coefficients, Method } from './contract.ts';
import { CoefficientsError, MethodError } from './errors.ts';
import { chooseFractionBits } from './exact-scale.ts';
import { readsAtOnce } from './later.ts';
import { rangeOf } from './range.ts';
import type { Run } from './run.ts';

export type ExactMethod = Extract<Method, { name: 'exact' }>;

/** (α, β) on the coarsest grid 2⁻ˢ that holds them, or on the one asked for. */
export function gridFor(method: ExactMethod, { alpha, beta }: Coefficients, fractionBits: number): ExactGrid {
  const { coefficientBits } = method;
  try {
    return exact.grid(alpha, beta, { fractionBits, ...(coefficientBits !== undefined && { coefficientBits }) });
  } catch (error) {
    throw new CoefficientsError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** f: the number given, or the scale's, or measured for this run alone. */
export function fractionBitsFor({ fractionBits = 'auto' }: ExactMethod, run: Run, x0: Tensor): number {
  if (fractionBits !== 'auto') return fractionBits;
  const { scale } = run;
  if (scale?.measured || (scale && !readsAtOnce())) return scale.fractionBits;
  if (!readsAtOnce())
    throw new MethodError(
      'exact: fractionBits "auto" needs the range of the states, which WebGPU cannot read synchronously. ' +
        'Give options.scale = new ExactScale(), or the number chooseFractionBits(await measureRange(…)).',
    );
  const largest = rangeOf(run, x0);
  if (typeof largest !== 'number') throw new Error('rangeOf gave a promise on a backend that reads at once');
  if (!scale) return chooseFractionBits(largest);
  scale.observe(largest);
  return scale.fractionBits;
}
