/** What every method makes of the coefficients, and what it refuses; without the code that runs it. */
import { refuseTooFewAnchors, toleranceOf } from './anchors.ts';
import { refuseNonFinite, refuseZeroBeta } from './coefficients.ts';
import type { Coefficients, Method, MethodName } from './contract.ts';
import { MethodError } from './errors.ts';
import { gridFor } from './exact-grid.ts';
import { unknownName } from './names.ts';

/** The coefficients that the network really has under a method, over so many sub-blocks where their number is given. */
type Policy<Name extends MethodName> = (
  method: Extract<Method, { name: Name }>,
  coefficients: Coefficients,
  subBlocks?: number,
) => Coefficients;

const policies: { readonly [Name in MethodName]: Policy<Name> } = {
  conventional: (_method, coefficients) => coefficients,
  checkpoint({ every = 1 }, coefficients) {
    if (!Number.isInteger(every) || every < 1)
      throw new MethodError(`checkpoint: every is ${every}; it must be a whole number of sub-blocks, 1 or more.`);
    return coefficients;
  },
  frozen: (_method, coefficients) => coefficients,
  reversible(method, coefficients, subBlocks) {
    refuseZeroBeta('reversible', coefficients);
    toleranceOf(method);
    if (subBlocks !== undefined) refuseTooFewAnchors(method, coefficients, subBlocks);
    return coefficients;
  },
  exact(method, coefficients) {
    refuseZeroBeta('exact', coefficients);
    const { alpha, beta } = gridFor(method, coefficients, 0);
    return { alpha, beta };
  },
};

/** The names of the methods, in the order in which the documentation shows them. */
export const methodNames = Object.keys(policies) as readonly MethodName[];

/**
 * The coefficients that the network has under a method; throws where the method cannot use them.
 * @param subBlocks of the run that is to be trained: then `reversible` also refuses anchors that are not there, or not enough
 */
export function methodCoefficients(method: Method, coefficients: Coefficients, subBlocks?: number): Coefficients {
  if (!Object.hasOwn(policies, method.name)) throw new MethodError(unknownName('method', method.name, methodNames));
  const policy = policies[method.name] as Policy<MethodName>;
  refuseNonFinite(coefficients);
  return policy(method, coefficients, subBlocks);
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
