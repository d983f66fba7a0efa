/** Budgets as people write them, and those that are none. */
import { expect, test } from 'vitest';
import { BudgetError, parseBytes } from '../../src/index.ts';

test.each([
  ['2GB', 2e9],
  ['2 gb', 2e9],
  ['1.5GiB', 1.5 * 2 ** 30],
  ['800MB', 8e8],
  ['512 MiB', 2 ** 29],
  ['1e9', 1e9],
  [4096, 4096],
])('%s is %d bytes', (text, bytes) => expect(parseBytes(text)).toBe(bytes));

test.each(['much', '', 'GB', '2 GBs', '2GB or so', '1.2.3GB', 'NaN', 'Infinity'])('"%s" is no size', (text) => {
  expect(() => parseBytes(text)).toThrow(BudgetError);
  expect(() => parseBytes(text)).toThrow(`"${text}" is no size; write a size above 0 such as 2GB`);
});

test.each(['0', '-1GB', 0, -5, '0.1'])('%s is nothing', (size) => {
  expect(() => parseBytes(size)).toThrow(`"${size}" is nothing; write a size above 0`);
});
