// Property tests draw the same cases every time, so that whether a commit passes is no matter of luck. DR2NET_SEED=7 draws others.
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';

const seed = Number(process.env.DR2NET_SEED ?? 1);
if (!Number.isInteger(seed)) throw new Error(`DR2NET_SEED is ${process.env.DR2NET_SEED}; give a whole number.`);
// Most test files have no use for the library, and loading it takes time.
const { testPath = '' } = expect.getState();
if (readFileSync(testPath, 'utf8').includes("'fast-check'")) {
  const { default: fc } = await import('fast-check');
  fc.configureGlobal({ seed });
}
