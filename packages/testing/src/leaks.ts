/** Leak check: the number of live tensors after a function ran is the number before. */
import { memory } from '@tensorflow/tfjs-core';

/**
 * Runs `body` and throws when it left tensors behind. The body disposes what it owns; when it throws, the check is made
 * all the same (the error path must not leak) and the error is rethrown.
 */
export async function expectNoLeak<T>(body: () => T | Promise<T>): Promise<T> {
  const before = memory().numTensors;
  let failure: { error: unknown } | undefined;
  let result: T | undefined;
  try {
    result = await body();
  } catch (error) {
    failure = { error };
  }
  const left = memory().numTensors - before;
  if (left !== 0)
    throw new Error(`${left} tensors more than before${failure ? ` (and it threw: ${failure.error})` : ''}`);
  if (failure) throw failure.error;
  return result as T;
}
