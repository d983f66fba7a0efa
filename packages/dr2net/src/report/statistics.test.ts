import { expect, it } from 'vitest';
import { pairedDifference } from './statistics.ts';

it("gives Student's own interval of his sleep data (Biometrika, 1908)", () => {
  const { mean, half } = pairedDifference([1.2, 2.4, 1.3, 1.3, 0, 1, 1.8, 0.8, 4.6, 1.4])!;
  expect(mean).toBeCloseTo(1.58, 10);
  expect(mean - half!).toBeCloseTo(0.7001, 3);
  expect(mean + half!).toBeCloseTo(2.4599, 3);
});

it('tells nothing of the spread of one pair, and nothing at all of none', () => {
  expect(pairedDifference([3])).toEqual({ mean: 3, half: undefined, differences: [3] });
  expect(pairedDifference([])).toBeUndefined();
});
