/** The range of a run's states, for whoever chooses the grid of `exact` by hand. */
import type { Context } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { RunOptions, SubBlock } from './contract.ts';
import { largestOf, whenRead } from './later.ts';
import { methodCoefficients } from './method-coefficients.ts';
import { rangesOf } from './range.ts';
import { makeRun } from './run.ts';

/** The largest magnitude among all states x_0 … x_n of a run, by one forward pass that keeps nothing. */
export async function measureRange(
  subBlocks: readonly SubBlock[],
  x0: Tensor,
  context: Context,
  options: RunOptions,
): Promise<number> {
  const coefficients = methodCoefficients(options.method, options.coefficients);
  return whenRead(rangesOf(makeRun(subBlocks, x0, context, { ...options, coefficients }), x0), largestOf);
}
