/** The nearest known name to an unknown one, for error messages: of models, options, labels, methods. */
import { closest, distance } from 'fastest-levenshtein';

/** The known name that is nearest by edit distance, ignoring case; undefined when none is near enough to be a slip of the pen. */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  const names = [...known];
  if (names.length === 0) return undefined;
  const lower = names.map((candidate) => candidate.toLowerCase());
  const given = name.toLowerCase();
  const near = closest(given, lower);
  const edits = distance(given, near);
  // Of two letters nothing is left when both are replaced.
  const resembles = edits <= Math.max(2, near.length / 2) && edits < Math.max(given.length, near.length);
  return resembles ? names[lower.indexOf(near)] : undefined;
}

/** `; the nearest known name is X`, or nothing when none resembles it. */
export function suggestion(name: string, known: Iterable<string>): string {
  const near = nearestName(name, known);
  return near === undefined ? '' : `; the nearest known name is ${near}`;
}
