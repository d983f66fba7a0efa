/** Messages about values that are none of what they should be: unknown names, with the nearest known one, and texts in a number's place. */
import { closest, distance } from 'fastest-levenshtein';

/** `"revers" is not a method; did you mean "reversible"? Known: …` */
export function unknownName(what: string, name: unknown, known: readonly string[]): string {
  const text = String(name);
  const near = closest(text, known);
  const guess = distance(text, near) <= Math.max(2, near.length / 2) ? `; did you mean "${near}"?` : '.';
  return `"${text}" is not a ${what}${guess} Known: ${known.join(', ')}.`;
}

/** A value as it was given: a text in quotes, so that "0.1" is not taken for a number. */
export function inWords(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
