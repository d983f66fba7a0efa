import { describe, expect, it } from 'vitest';
import { formatDuration, formatNumber, formatPercent } from './format.ts';

describe('numbers as people read them', () => {
  it.each([
    [0.0123, '12 ms'],
    [0.9994, '999 ms'],
    [0.9996, '1 s'],
    [59.94, '59.9 s'],
    [59.96, '1 min 00 s'],
    [245, '4 min 05 s'],
    [7625, '2 h 07 min'],
  ])('%d s is %s', (seconds, text) => expect(formatDuration(seconds)).toBe(text));

  it.each([
    [0, '0'],
    [12, '12'],
    [0.98437, '0.9844'],
    [0.5, '0.5'],
    [1.2e-7, '1.20e-7'],
    [-0.25, '-0.25'],
    [Number.NaN, 'NaN'],
  ])('%d is %s', (value, text) => expect(formatNumber(value)).toBe(text));

  it('percentages', () => expect(formatPercent(0.84)).toBe('84.0 %'));
});
