/** A run and its pullback, by the methods that are given. */
import { once } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import { backward } from './backward.ts';
import type { Method, MethodName, RunOptions, TraceRun } from './contract.ts';
import { MethodError } from './errors.ts';
import { methodCoefficients } from './method-coefficients.ts';
import { readByHead } from './reading.ts';
import type { AnyMethodImplementation, MethodImplementation, Recording } from './recording.ts';
import { makeRun, type Run } from './run.ts';
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

/** A method and its implementation, which were found by the same name. */
const recordBy = (implementation: AnyMethodImplementation, run: Run, x0: Tensor, method: Method): Recording =>
  (implementation as MethodImplementation<MethodName>).record(run, x0, method);

/**
 * `traceRun` for these methods alone: a bundle holds no code of the others (`reversible` alone takes about half of all).
 *
 *     const traceRun = tracer(reversibleMethod, conventionalMethod);
 *
 * What it gives throws MethodError for a method that it was not given, and otherwise as `traceRun`.
 */
export function tracer<Given extends readonly AnyMethodImplementation[]>(
  ...methods: Given
): TraceRun<Given[number]['name']> {
  const byName = new Map<MethodName, AnyMethodImplementation>(methods.map((method) => [method.name, method]));
  return (subBlocks, x0, context, options) => {
    const { method } = options;
    const coefficients = methodCoefficients(method, options.coefficients, subBlocks.length);
    const implementation = byName.get(method.name);
    if (!implementation)
      throw new MethodError(
        `${method.name} is not among the methods of this tracer (${[...byName.keys()].join(', ')}); give it ${method.name}Method too.`,
      );
    const run = makeRun(subBlocks, x0, context, { ...options, coefficients });
    const recording = recordBy(implementation, run, x0, method);
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
}
