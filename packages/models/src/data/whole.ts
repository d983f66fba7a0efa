/** Checks of options that count something. */

/**
 * Refuses an option that counts something and is no whole number, or too small.
 * @throws RangeError for what is no whole number of at least `least`
 */
export function requireWhole(value: number, least: number, what: string): void {
  if (!Number.isInteger(value) || value < least)
    throw new RangeError(`${what} is ${value}; it must be a whole number, ${least} or more.`);
}
