/** All states of a run have one shape. */
import { RunShapeError } from './errors.ts';

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** Throws where a tensor has not the shape of the states. */
export function checkShape(what: string, shape: readonly number[], states: readonly number[]): void {
  if (!sameShape(shape, states))
    throw new RunShapeError(
      `${what} has the shape [${shape}], but the states of the run have [${states}]; both must be the same.`,
    );
}
