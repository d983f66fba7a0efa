import { expect, it } from 'vitest';
import { measureErrors, passes } from './measure.ts';
import { type ErrorPoint, ways } from './settings.ts';
import { errorTables } from './table.ts';

it('holds every way against float64: only inverses drift, auto anchors do not', async () => {
  const tiny = { width: 24, heads: 2, tokens: 9, batch: 1 };
  const { points, protocol } = await measureErrors({
    ...tiny,
    backend: 'wasm',
    depths: [6],
    coefficients: [
      [0.5, 0.5],
      [0, 1],
    ],
    seed: 1,
    protocol: { ...tiny, depth: 2 },
  });
  expect(points).toHaveLength(2 * ways.length);
  const at = (way: string, beta: number) => points.find((point) => point.way === way && point.beta === beta)!;
  const own = at('conventional', 0.5).error!;
  expect(own).toBeLessThan(3e-6);
  expect(at('checkpoint', 0.5).error).toBe(own);
  expect(at('plain inverse', 0.5).error).toBeGreaterThan(10 * own);
  expect(at('auto anchors', 0.5).error).toBeLessThan(3 * own);
  // On the grid of exact a state is rounded to 2⁻ᶠ in every sub-block, which moves the gradients a little.
  expect(at('exact', 0.5).error).toBeLessThan(1e-5);
  expect(at('plain inverse', 1).error).toBeLessThan(1e-5);
  const plain = protocol.filter(({ way }) => way === 'plain inverse' || way === 'checkpoint');
  expect(plain.map(({ way, atolExponent }) => [way, atolExponent === -25])).toContainEqual(['checkpoint', true]);
  const text = errorTables({ backend: 'wasm', points, protocol });
  expect(text).toContain('| 0.5, 0.5 | 12 |');
  expect(text).toContain('1e-25');
});

it('passes nothing that is no number, and says so in the table', () => {
  expect(passes([1, Number.NaN], [1, 2], 1e9, 1)).toBe(false);
  expect(passes([1.09], [1], 0.05, 0.05)).toBe(true);
  const point: ErrorPoint = { way: 'exact', alpha: 1, beta: 0.1, subBlocks: 4, error: null, parameter: 'x' };
  expect(errorTables({ backend: 'wasm', points: [point], protocol: [] })).toContain('not finite');
});
