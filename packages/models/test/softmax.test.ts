import { expect, it } from 'vitest';
import { logSumExp } from '../src/index.ts';

it('is the logarithm of the sum of powers, of a part of the logits too', () => {
  const logits = Float64Array.of(5, 0.1, -2, 3, 7);
  const exact = Math.log(Math.exp(0.1) + Math.exp(-2) + Math.exp(3));
  expect(Math.abs(logSumExp(logits, 1, 3) - exact)).toBeLessThan(1e-14);
  expect(Math.abs(logSumExp(logits, 1, 3) - logSumExp(logits.slice(1, 4)))).toBe(0);
});

it('neither overflows nor underflows', () => {
  for (const large of [1e4, -1e4])
    expect(Math.abs(logSumExp([large, large, large - 1e3]) - large - Math.log(2))).toBeLessThan(1e-11);
  expect(logSumExp([-Infinity, 3])).toBe(3);
  expect(logSumExp([Number.NaN, 3])).toBeNaN();
});
