/** The names of the backends, and the order in which `auto` tries them. */
import { UnknownBackendError } from './errors.ts';

/** In the order of preference. `node` and `node-gpu` are TensorFlow's native library. */
export const backendNames = ['webgpu', 'node-gpu', 'node', 'wasm', 'cpu'] as const;

/** A backend that {@link startBackend} knows: `webgpu`, `node-gpu`, `node`, `wasm`, `cpu`. */
export type BackendName = (typeof backendNames)[number];

/** Levenshtein distance by one row of the table. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}

/** The known name that is nearest to the given one, ignoring case. */
export function nearestName<Name extends string>(given: string, known: readonly [Name, ...Name[]]): Name {
  const distances = known.map((name) => distance(given.toLowerCase(), name));
  return known[distances.indexOf(Math.min(...distances))] ?? known[0];
}

/**
 * The backend of a name as it was typed.
 * @throws UnknownBackendError naming the nearest known name
 */
export function backendName(given: string): BackendName {
  const found = backendNames.find((name) => name === given);
  if (found === undefined)
    throw new UnknownBackendError(given, nearestName(given, ['auto', ...backendNames]), ['auto', ...backendNames]);
  return found;
}
