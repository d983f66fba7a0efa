/** Results of work that is done side by side, with an error that does not depend on who was faster. */

/**
 * The values of all `work`, in its order. Like `Promise.all`, but it waits until everything has ended, so that nothing goes on
 * behind an error, and of several errors it throws the one that comes first in order.
 */
export async function allInOrder<T>(work: readonly Promise<T>[]): Promise<T[]> {
  const ended = await Promise.allSettled(work);
  return ended.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  });
}
