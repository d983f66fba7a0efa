import { expect, it } from 'vitest';
import { colorsOf } from './palette.ts';

it('gives a dozen runs a dozen colours, and a method its own', () => {
  const labels = ['conventional', 'exact', 'exact-1/16', ...Array.from({ length: 9 }, (_, i) => `run ${i}`)];
  const colors = colorsOf(labels);
  expect(new Set(colors.values()).size).toBe(labels.length);
  expect(colors.get('exact')).toBe(colorsOf(['exact']).get('exact'));
  expect(colorsOf([...labels, ...labels])).toEqual(colors);
});
