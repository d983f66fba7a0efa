/** A run and its pullback. */
import { once } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import { backward } from './backward.ts';
import type { RunOptions, TraceRun } from './contract.ts';
import { methodCoefficients, record } from './methods/index.ts';
import { readByHead } from './reading.ts';
import type { Recording } from './recording.ts';
import { makeRun } from './run.ts';
import { checkShape } from './shape.ts';

/** A run whose output could not be read keeps nothing. */
function reading(recording: Recording, options: RunOptions): Tensor {
  try {
    return readByHead(recording.value, options);
  } catch (error) {
    recording.dispose();
    throw error;
  }
}

/**
 * Runs forward and keeps what the method keeps. The pullback walks back, hands every trainable parameter's gradient to the sink
 * the moment it exists, and gives the gradients of x0 and of the shift; with `frozen` it gives none.
 *
 * @throws CoefficientsError, MethodError, RunShapeError, ToleranceError (`reversible`); StateRangeError (`exact`; on WebGPU from
 * `report.check()`).
 * The pullback throws RebuildError (`exact` with `verify`; on WebGPU from `report.check()`), PullbackSpentError the second time.
 */
export const traceRun: TraceRun = (subBlocks, x0, context, options) => {
  const coefficients = methodCoefficients(options.method, options.coefficients, subBlocks.length);
  const run = makeRun(subBlocks, x0, context, { ...options, coefficients });
  const recording = record(run, x0, options.method);
  const { rewind, report } = recording;
  const value = reading(recording, options);
  const shape = value.shape;
  const pullback = once<Parameters<ReturnType<TraceRun>['pullback']>, ReturnType<ReturnType<TraceRun>['pullback']>>(
    'the run',
    [recording],
    (dy, sink) => {
      checkShape('The gradient of the output', dy.shape, shape);
      return rewind ? backward(run, rewind, dy, sink) : {};
    },
  );
  return { value, pullback, report };
};
