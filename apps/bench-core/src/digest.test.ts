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

  it.each([1e-6, 1e-4, 0.1])('estimates a relative difference of about %d, to about a quarter of its value', (size) => {
    // Of the square it is a mean of eight squares of normal numbers: mean 1, standard deviation 1/2. The same 200 cases each time.
    const squares = Array.from({ length: 200 }, (_, seed) => {
      const [b, change] = [random(4000, 2 * seed + 1), random(4000, 2 * seed + 2)];
      const a = b.map((value, i) => value + size * change[i]!);
      const d = Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0));
      const n = Math.sqrt(b.reduce((sum, value) => sum + value * value, 0));
      const estimate = largestDifference(
        { [`p${seed}`]: digest(`p${seed}`, a) },
        { [`p${seed}`]: digest(`p${seed}`, b) },
      );
      return ((estimate?.relative ?? Number.NaN) / (d / n)) ** 2;
    });
    const mean = squares.reduce((sum, value) => sum + value, 0) / squares.length;
    expect(Math.abs(mean - 1)).toBeLessThan(0.1);
    const deviation = Math.sqrt(squares.reduce((sum, value) => sum + (value - mean) ** 2, 0) / squares.length);
    expect(deviation).toBeLessThan(0.6);
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
