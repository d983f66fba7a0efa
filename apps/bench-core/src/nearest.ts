/** Unknown names, with the nearest known one. */
import { closest } from 'fastest-levenshtein';

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
  const near = closest(given.toLowerCase(), [...names]);
  throw new UnknownNameError(`There is no ${what} "${given}"; did you mean ${near}? There are: ${names.join(', ')}.`);
}
