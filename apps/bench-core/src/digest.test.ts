import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digest, largestDifference, projections } from './digest.ts';

const random = (length: number, seed: number) => {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  });
};

describe('a digest', () => {
  it('begins with the norm, in float64', () => {
    const values = random(1000, 3);
    const norm = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
    expect(digest('a', values)).toHaveLength(1 + projections);
    expect(digest('a', values)[0]).toBeCloseTo(norm, 6);
  });

  it('estimates the relative difference to a factor of two', () => {
    const arbitrary = fc.record({ seed: fc.integer({ min: 1, max: 1e6 }), size: fc.constantFrom(1e-6, 1e-4, 0.1) });
    fc.assert(
      fc.property(arbitrary, ({ seed, size }) => {
        const [b, change] = [random(4000, seed), random(4000, seed + 1)];
        const a = b.map((value, i) => value + size * change[i]!);
        const d = Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0));
        const n = Math.sqrt(b.reduce((sum, value) => sum + value * value, 0));
        const estimate = largestDifference({ p: digest('p', a) }, { p: digest('p', b) });
        const ratio = (estimate?.relative ?? Number.NaN) / (d / n);
        return ratio > 0.25 && ratio < 2;
      }),
      { numRuns: 60 },
    );
  });

  it('tells parameters by name, and NaN is the worst', () => {
    const [a, b] = [random(50, 1), random(50, 2)];
    expect(digest('a', a)).not.toEqual(digest('b', a));
    const worst = largestDifference(
      { a: digest('a', a), b: digest('b', Float32Array.from([Number.NaN])) },
      { a: digest('a', b), b: digest('b', a) },
    );
    expect(worst?.parameter).toBe('b');
    expect(largestDifference({ a: digest('a', a) }, { b: digest('b', b) })).toBeUndefined();
  });

  it('sees no difference in equal gradients, and zeros beside large gradients count on their scale', () => {
    const [a, zero] = [random(50, 1), new Float32Array(50)];
    expect(largestDifference({ a: digest('a', a) }, { a: digest('a', a) })?.relative).toBe(0);
    const noise = zero.map((_, i) => (i % 2 === 0 ? 1e-8 : -1e-8));
    const found = largestDifference(
      { a: digest('a', a), z: digest('z', noise) },
      { a: digest('a', a), z: digest('z', zero) },
    );
    expect(found?.relative).toBeLessThan(0.1);
  });
});
