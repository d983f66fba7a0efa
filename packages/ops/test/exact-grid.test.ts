import { describe, expect, test } from 'vitest';
import { bitsOf, packingFor } from '../src/exact/packing.ts';
import { exactGrid } from '../src/index.ts';

describe('exactGrid', () => {
  test('takes the fewest bits that represent the coefficients', () => {
    expect(exactGrid(63 / 64, 1 / 64, { fractionBits: 20 })).toMatchObject({
      a: 63,
      b: 1,
      coefficientBits: 6,
      sideBits: 6,
    });
    expect(exactGrid(0.5, 0.5, { fractionBits: 20 })).toMatchObject({ a: 1, b: 1, coefficientBits: 1, sideBits: 1 });
    expect(exactGrid(1, -1, { fractionBits: 20 })).toMatchObject({ a: 1, b: -1, coefficientBits: 0, sideBits: 0 });
  });

  test('snaps to 1/32768 where no grid represents them', () => {
    const grid = exactGrid(1 / 3, 0.1, { fractionBits: 20 });
    expect(grid).toMatchObject({ a: 10923, b: 3277, coefficientBits: 15, alpha: 10923 / 32768, beta: 3277 / 32768 });
  });

  test.each([
    [1 / 64, 6],
    [0.01, 20 / 3],
    [0.1, 10 / 3],
    [0.25, 2],
    [0.4, 27 / 17],
    [0.5, 1],
    [0.7, 1],
    [1, 0],
    [-0.1, 10 / 3],
    [-1, 0],
  ])('β = %f costs %f bits an element', (beta, bits) => {
    expect(exactGrid(0, beta, { fractionBits: 20 }).sideBits).toBeCloseTo(bits, 10);
  });

  test('packs every number of choices within 3 % of its entropy, and powers of two in whole bits', () => {
    for (let choices = 2; choices <= 1024; choices++) {
      const packing = packingFor(choices);
      const excess = bitsOf(packing) / Math.log2(choices);
      expect(excess, `${choices} choices`).toBeGreaterThan(1 - 1e-12);
      expect(excess, `${choices} choices`).toBeLessThan(Number.isInteger(Math.log2(choices)) ? 1 + 1e-12 : 1.03);
    }
  });

  test.each([
    [1, 0, {}, 'β = 0 is 0 on a grid of 1/1'],
    [1, 1e-9, {}, 'β = 1e-9 is 0 on a grid of 1/32768'],
    [1, 0.1, { coefficientBits: 2 }, 'or more coefficientBits'],
    [Number.NaN, 0.1, {}, 'α is NaN'],
    [1, Number.POSITIVE_INFINITY, {}, 'β is Infinity'],
    [5, 0.1, {}, 'α is 5'],
    [1, 0.1, { coefficientBits: 16 }, 'coefficientBits is 16'],
    [1, 0.1, { coefficientBits: 1.5 }, 'coefficientBits is 1.5'],
    [1, 0.1, { fractionBits: 31 }, 'fractionBits is 31'],
  ])('refuses (%f, %f) with %o', (alpha, beta, options, message) => {
    expect(() => exactGrid(alpha, beta, { fractionBits: 20, ...options })).toThrow(message);
  });
});
