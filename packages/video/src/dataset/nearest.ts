/** The known name nearest to an unknown one, for error messages. */
import { distance } from 'fastest-levenshtein';

export type Nearest = string | undefined;

/** The nearest of `known` by edit distance, when it is near enough to be a slip of the pen. */
export function nearestName(name: string, known: readonly string[]): Nearest {
  let best: Nearest;
  let least = Math.max(1, Math.floor(name.length / 2)) + 1;
  for (const candidate of known) {
    const edits = distance(name.toLowerCase(), candidate.toLowerCase());
    if (edits < least) [best, least] = [candidate, edits];
  }
  return best;
}
