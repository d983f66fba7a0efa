/** What the page of the boxes says of a picture: every box that stands for no object is counted, of whatever class. */
import { expect, test } from 'vitest';
import { judge } from '../.vitepress/theme/live/boxes/judge.ts';

const square = { label: 1, box: [10, 10, 30, 30] } as const;
const disc = { label: 0, box: [50, 10, 70, 30] } as const;

test('a second class on one object is one box too many', () => {
  const judged = judge(
    [square, disc],
    [
      { ...disc, score: 1 },
      { label: 2, box: square.box, score: 0.97 },
      { ...square, score: 0.88 },
    ],
  );
  expect(judged).toEqual({ overlaps: [1, 0, 1], objects: 2, wrong: 1 });
});

test('one object has one box, and one that lies beside it has none', () => {
  const judged = judge(
    [square, disc],
    [
      { ...square, score: 1 },
      { label: 1, box: [10, 10, 30, 28], score: 0.9 },
      { label: 0, box: [65, 10, 85, 30], score: 0.8 },
    ],
  );
  expect(judged.overlaps.map((overlap) => overlap.toFixed(2))).toEqual(['1.00', '0.90', '0.14']);
  expect(judged).toMatchObject({ objects: 1, wrong: 2 });
});

test('nothing found', () => {
  expect(judge([square], [])).toEqual({ overlaps: [], objects: 0, wrong: 0 });
});
