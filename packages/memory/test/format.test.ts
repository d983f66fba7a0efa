import { expect, test } from 'vitest';
import { formatBytes } from '../src/index.ts';

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.00 kB'],
  [1536, '1.54 kB'],
  [99_960, '100 kB'],
  [999_900, '1.00 MB'],
  [614e6, '614 MB'],
  [2.5e9, '2.50 GB'],
  [-28e6, '−28.0 MB'],
  [Number.NaN, '–'],
])('formatBytes(%d) is %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});
