/** Unknown names, with the nearest known one. */
import { nearestName } from '@dr2net/models';

export class UnknownNameError extends Error {
  override readonly name = 'UnknownNameError';
}

/**
 * The known name.
 * @param what `method`, `scenario`, …
 * @throws UnknownNameError
 */
export function known<Name extends string>(what: string, given: string, names: readonly Name[]): Name {
  const found = names.find((name) => name === given);
  if (found !== undefined) return found;
  const near = nearestName(given, names);
  const guess = near === undefined ? '.' : `; did you mean ${near}?`;
  throw new UnknownNameError(`There is no ${what} "${given}"${guess} There are: ${names.join(', ')}.`);
}
