import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { sideBySide } from '../src/side-by-side.ts';

const never = new AbortController().signal;

it('runs no more at a time than asked, and keeps the order', async () => {
  let [running, most] = [0, 0];
  const results = await sideBySide([30, 10, 20, 5], 2, never, async (time) => {
    most = Math.max(most, ++running);
    await sleep(time);
    running--;
    return time;
  });
  expect(results).toEqual([30, 10, 20, 5]);
  expect(most).toBe(2);
});

it('stops the others when one fails, and throws its error', async () => {
  const started: string[] = [];
  let stopped = false;
  const run = async (name: string, signal: AbortSignal) => {
    started.push(name);
    if (name === 'bad') throw new Error('no memory');
    await sleep(10_000, undefined, { signal }).catch(() => {
      stopped = true;
      throw new Error('stopped');
    });
  };
  await expect(sideBySide(['slow', 'bad', 'later'], 2, never, run)).rejects.toThrow('no memory');
  expect(stopped).toBe(true);
  expect(started).toEqual(['slow', 'bad']);
});

it('ends with the reason of the outer signal', async () => {
  const stop = new AbortController();
  const run = (_: number, signal: AbortSignal) => sleep(10_000, undefined, { signal });
  const all = sideBySide([1, 2], 2, stop.signal, run);
  stop.abort(new Error('Ctrl-C'));
  await expect(all).rejects.toThrow('Ctrl-C');
});
