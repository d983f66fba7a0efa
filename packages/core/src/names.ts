/** Messages about unknown names, with the nearest known one. */
import { closest, distance } from 'fastest-levenshtein';

/** `"revers" is not a method; did you mean "reversible"? Known: …` */
export function unknownName(what: string, name: unknown, known: readonly string[]): string {
  const text = String(name);
  const near = closest(text, known);
  const guess = distance(text, near) <= Math.max(2, near.length / 2) ? `; did you mean "${near}"?` : '.';
  return `"${text}" is not a ${what}${guess} Known: ${known.join(', ')}.`;
}
