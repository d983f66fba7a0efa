/** The colours that a scene's page paints, point by point. */
import { expect, it } from 'vitest';
import { colouringsOf } from './colourings.ts';
import type { PageScene } from './data.ts';

const scene: PageScene = {
  id: 'a',
  unit: 'm',
  classes: ['ground', 'tree'],
  classColours: [
    [1, 1, 1],
    [2, 2, 2],
  ],
  errorColours: { right: [10, 10, 10], wrong: [20, 20, 20], ignored: [30, 30, 30] },
  heightColours: [
    [100, 0, 0],
    [101, 0, 0],
    [102, 0, 0],
  ],
  ignored: 255,
  count: 4,
  total: 4,
  least: [0, 0, 0],
  extent: [1, 1, 1],
  positions: '',
  truth: '',
  predicted: '',
};
const points = {
  positions: Uint16Array.of(0, 0, 0, 0, 0, 20_000, 0, 0, 65_535, 0, 0, 1),
  truth: Uint8Array.of(0, 1, 255, 1),
  predicted: Uint8Array.of(0, 0, 1, 1),
};

function painted(name: string, hidden: number[] = [], from = points as Parameters<typeof colouringsOf>[1]) {
  const colours = new Uint8Array(16);
  colouringsOf(scene, from)
    .find((colouring) => colouring.name === name)
    ?.paint(colours, new Set(hidden));
  return [0, 1, 2, 3].map((i) => [colours[4 * i], colours[4 * i + 3]]);
}

it('tell truth, prediction, error and height', () => {
  const reds = (name: string) => painted(name).map(([red]) => red);
  expect(reds('truth')).toEqual([1, 2, 30, 2]);
  expect(reds('prediction')).toEqual([1, 1, 2, 2]);
  expect(reds('error')).toEqual([10, 20, 30, 10]);
  expect(reds('height')).toEqual([100, 101, 102, 100]);
});

it('have the colours of the scan where there are any', () => {
  const colours = Uint8Array.of(50, 0, 0, 51, 0, 0, 52, 0, 0, 53, 0, 0);
  expect(painted('colour', [1], { ...points, colours })).toEqual([
    [50, 255],
    [51, 0],
    [52, 255],
    [53, 0],
  ]);
  expect(painted('colour')[0]).toEqual([0, 0]);
});

it('hide rows of the legend', () => {
  const shown = (name: string, hidden: number[]) => painted(name, hidden).map(([, alpha]) => alpha === 255);
  expect(shown('truth', [1])).toEqual([true, false, true, false]);
  expect(shown('height', [2])).toEqual([true, true, false, true]);
  expect(shown('error', [0, 2])).toEqual([false, true, false, false]);
});

it('count their rows', () => {
  const counts = colouringsOf(scene, points).map(({ name, legend }) => [name, ...legend.map(({ points }) => points)]);
  expect(counts).toEqual([
    ['truth', 1, 2, 1],
    ['prediction', 2, 2, 0],
    ['error', 2, 1, 1],
    ['height', 1, 2, 1],
  ]);
});

it('are two without true labels', () => {
  const without = { ...points, truth: null };
  expect(colouringsOf(scene, without).map(({ name }) => name)).toEqual(['prediction', 'height']);
  expect(painted('height', [0], without).map(([, alpha]) => alpha)).toEqual([0, 0, 255, 255]);
});
