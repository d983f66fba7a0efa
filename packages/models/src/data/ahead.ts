/** Work done ahead of its use, in order, bounded. */
import { giveWay } from './give-way.ts';

/**
 * Yields `make(from)`, …, `make(to − 1)`, with up to `prefetch` more under way than the one that is asked for. When the
 * consumer stops, or `signal` aborts, what is under way is told to stop and waited for. Before each result others have their turn, so that
 * the signal can come.
 */
export async function* ahead<T>(
  make: (number: number, signal: AbortSignal) => Promise<T>,
  from: number,
  to: number,
  prefetch: number,
  signal?: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  const stop = new AbortController();
  const abort = () => stop.abort(signal?.reason);
  signal?.throwIfAborted();
  signal?.addEventListener('abort', abort, { once: true });
  const underWay: Promise<T>[] = [];
  try {
    let next = from;
    for (let number = from; number < to; number++) {
      for (; next < to && next <= number + prefetch; next++) {
        const work = make(next, stop.signal);
        // An error is thrown when its turn comes; until then it must not count as unhandled.
        work.catch(() => undefined);
        underWay.push(work);
      }
      const result = await underWay[0];
      underWay.shift();
      await giveWay();
      signal?.throwIfAborted();
      yield result as T;
    }
  } finally {
    signal?.removeEventListener('abort', abort);
    stop.abort();
    await Promise.allSettled(underWay);
  }
}
