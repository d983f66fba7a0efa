/** The nearest known name to an unknown one, for error messages. */
import { closest, distance } from 'fastest-levenshtein';

/** `; the nearest known name is X`, or nothing when none resembles it. */
export function suggestion(name: string, known: Iterable<string>): string {
  const names = [...known];
  if (names.length === 0) return '';
  const near = closest(name, names);
  return distance(name, near) <= Math.max(2, near.length / 2) ? `; the nearest known name is ${near}` : '';
}
