/** The methods by name. */

import type { Tensor } from '@tensorflow/tfjs-core';
import { refuseNonFinite } from '../coefficients.ts';
import type { Coefficients, Method, MethodName } from '../contract.ts';
import { MethodError } from '../errors.ts';
import { unknownName } from '../names.ts';
import type { MethodImplementation, Recording } from '../recording.ts';
import type { Run } from '../run.ts';
import { checkpoint } from './checkpoint.ts';
import { conventional } from './conventional.ts';
import { exact } from './exact.ts';
import { frozen } from './frozen.ts';
import { reversible } from './reversible.ts';

const methods: { readonly [Name in MethodName]: MethodImplementation<Extract<Method, { name: Name }>> } = {
  conventional,
  checkpoint,
  frozen,
  reversible,
  exact,
};

/** The names of the methods, in the order in which the documentation shows them. */
export const methodNames = Object.keys(methods) as readonly MethodName[];

function implementation<M extends Method>(method: M): MethodImplementation<M> {
  if (!Object.hasOwn(methods, method.name)) throw new MethodError(unknownName('method', method.name, methodNames));
  return methods[method.name] as unknown as MethodImplementation<M>;
}

/**
 * The coefficients that the network has under a method; throws where the method cannot use them.
 * @param subBlocks of the run that is to be trained: then `reversible` also refuses anchors that are not there, or not enough
 */
export function methodCoefficients(method: Method, coefficients: Coefficients, subBlocks?: number): Coefficients {
  const chosen = implementation(method);
  refuseNonFinite(coefficients);
  return chosen.coefficients(method, coefficients, subBlocks);
}

/**
 * A sentence for people where a method cannot have just these coefficients (`exact`: they are on a grid, at the finest 2⁻¹⁵).
 * Throws where the method cannot use them.
 */
export function snappedInWords(method: Method, coefficients: Coefficients): string | undefined {
  const used = methodCoefficients(method, coefficients);
  const moved = (['alpha', 'beta'] as const).filter((name) => used[name] !== coefficients[name]);
  if (moved.length === 0) return undefined;
  return `${moved.map((name) => `${name} = ${coefficients[name]} becomes ${used[name]}`).join(', ')}: the nearest on the grid of the method ${method.name}.`;
}

/** Runs forward and keeps what the method keeps. */
export function record(run: Run, x0: Tensor, method: Method): Recording {
  return implementation(method).record(run, x0, method);
}
