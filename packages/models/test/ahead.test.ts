/** Results come in order, and what else waits is served between them. */

import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ahead, allInOrder } from '../src/index.ts';

describe('work ahead', () => {
  it('gives what was made in order, from where it is begun', async () => {
    const found: number[] = [];
    for await (const value of ahead(async (number) => 10 * number, 2, 6, 2)) found.push(value);
    expect(found).toEqual([20, 30, 40, 50]);
  });

  it('stops at a signal that comes by the event loop, though all work is done at once', async () => {
    const stop = new AbortController();
    const found: number[] = [];
    const consume = async () => {
      for await (const value of ahead(async (number) => number, 0, 10_000, 2, stop.signal)) {
        if (value === 0) setImmediate(() => stop.abort());
        found.push(value);
      }
    };
    await expect(consume()).rejects.toMatchObject({ name: 'AbortError' });
    expect(found.length).toBeLessThan(100);
  });
});

describe('work side by side', () => {
  it('gives its values in order', async () => {
    expect(await allInOrder([setTimeout(5, 'a'), setTimeout(0, 'b')])).toEqual(['a', 'b']);
    expect(await allInOrder([])).toEqual([]);
  });

  it('throws the first error in order, not in time, when all has ended', async () => {
    let ended = 0;
    const after = async (ms: number, message?: string) => {
      await setTimeout(ms);
      ended++;
      if (message) throw new Error(message);
    };
    const work = [after(0), after(20, 'first'), after(0, 'second'), after(40)];
    await expect(allInOrder(work)).rejects.toThrow(/^first$/);
    expect(ended).toBe(4);
  });
});
