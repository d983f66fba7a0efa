import { expect, test } from 'vitest';
import { lookUp, normalTable, slopeTable } from '../src/gelu/table.ts';
import { erf } from './conformance/float64.ts';

const normal = (x: number) => 0.5 + erf(x * Math.SQRT1_2) / 2;
const slope = (x: number) => normal(x) + (x * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);

test('Φ and the slope of GELU are within 1e-8 of erf everywhere', () => {
  for (let x = -7; x <= 7; x += 0.00137) {
    expect(Math.abs(lookUp(normalTable, x) - normal(x)), `Φ(${x})`).toBeLessThan(1e-8);
    expect(Math.abs(lookUp(slopeTable, x) - slope(x)), `slope at ${x}`).toBeLessThan(4e-8);
  }
});

test('far out the limits, and NaN stays NaN', () => {
  for (const table of [normalTable, slopeTable]) {
    expect([-100, Number.NEGATIVE_INFINITY, 100, Number.POSITIVE_INFINITY].map((x) => lookUp(table, x))).toEqual([
      0, 0, 1, 1,
    ]);
    expect(lookUp(table, Number.NaN)).toBeNaN();
  }
});
