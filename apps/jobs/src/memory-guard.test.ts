import { freemem } from 'node:os';
import { expect, it } from 'vitest';
import { runNode } from './child.ts';
import { MemoryGuardError } from './memory-guard.ts';

const waits = (milliseconds: number) => ['-e', `setTimeout(() => process.stdout.write("done"), ${milliseconds})`];

it('ends a child when too little memory is left, and says how much', async () => {
  // Longer than a busy machine may take to look.
  const all = runNode(waits(200_000), { leaveFree: 100 * freemem() });
  await expect(all).rejects.toBeInstanceOf(MemoryGuardError);
  await expect(all).rejects.toThrow(
    /^out of memory: it had taken -?[\d.]+ GB when [\d.]+ GB of the machine's [\d.]+ GB/,
  );
});

it('leaves a child alone while there is enough', async () => {
  expect(await runNode(waits(1500), { leaveFree: 1 })).toBe('done');
});
