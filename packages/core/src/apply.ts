/** A run without gradient: its output, or all of its states. */
import { type Context, holding, share } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { ApplyRun, Coefficients, RunOptions, SubBlock } from './contract.ts';
import { forward, readHead } from './forward.ts';
import { methodCoefficients } from './method-coefficients.ts';
import { readByHead } from './reading.ts';
import { makeRun } from './run.ts';

/** Without a backward pass nothing is inverted, so β = 0 is as good as any other under every method. */
function appliedCoefficients({ method, coefficients }: RunOptions): Coefficients {
  return methodCoefficients(coefficients.beta === 0 ? { name: 'conventional' } : method, coefficients);
}

/**
 * What the head reads, in floating point, keeping nothing: two states and the internals of one sub-block are alive. Under
 * `exact` it differs from the traced value by the rounding to the grid 2⁻ᶠ only. At (1, 0) it is the pretrained network bit for bit.
 *
 * @throws CoefficientsError, MethodError, RunShapeError
 */
export const applyRun: ApplyRun = (subBlocks, x0, context, options) => {
  const run = makeRun(subBlocks, x0, context, { ...options, coefficients: appliedCoefficients(options) });
  return readByHead(readHead(run, forward(run, { last: x0, previous: x0 })), options);
};

/** All states [x_0 … x_n], owned by the caller; in floating point, as `applyRun`. */
export function runStates(subBlocks: readonly SubBlock[], x0: Tensor, context: Context, options: RunOptions): Tensor[] {
  const run = makeRun(subBlocks, x0, context, { ...options, coefficients: appliedCoefficients(options) });
  return holding((held) => {
    const states: Tensor[] = [];
    const pair = forward(run, { last: x0, previous: x0 }, { visit: (x) => states.push(held.add(share(x))) });
    pair.last.dispose();
    pair.previous.dispose();
    return states;
  });
}
