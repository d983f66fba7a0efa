/** Runs tasks side by side, so many at a time. */

/**
 * @param most tasks at a time, at least 1
 * @returns the results in the order of the items
 * @throws the first failure, after `signal`, which every task is given, has stopped the others
 */
export async function sideBySide<Item, Result>(
  items: readonly Item[],
  most: number,
  outer: AbortSignal,
  run: (item: Item, signal: AbortSignal) => Promise<Result>,
): Promise<Result[]> {
  const failure = new AbortController();
  const signal = AbortSignal.any([outer, failure.signal]);
  const results: Result[] = [];
  const waiting = items.entries();
  const worker = async () => {
    for (const [index, item] of waiting) {
      signal.throwIfAborted();
      try {
        results[index] = await run(item, signal);
      } catch (error) {
        failure.abort(error);
        throw error;
      }
    }
  };
  const settled = await Promise.allSettled(Array.from({ length: Math.min(most, items.length) }, worker));
  outer.throwIfAborted();
  failure.signal.throwIfAborted();
  for (const outcome of settled) if (outcome.status === 'rejected') throw outcome.reason;
  return results;
}
