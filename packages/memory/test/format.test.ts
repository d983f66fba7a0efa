import { expect, test } from 'vitest';
import { formatBytes, formatDuration } from '../src/index.ts';

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

test.each([
  [0, '0 s'],
  [0.0024, '2.4 ms'],
  [0.01234, '12.3 ms'],
  [0.9994, '999 ms'],
  [0.9996, '1 s'],
  [59.94, '59.9 s'],
  [59.96, '1 min 00 s'],
  [245, '4 min 05 s'],
  [7625, '2 h 07 min'],
  [Number.NaN, '–'],
])('formatDuration(%d) is %s', (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});
