import { describe, expect, it } from 'vitest';
import { formatNumber, formatPercent } from './format.ts';

describe('numbers as people read them', () => {
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
