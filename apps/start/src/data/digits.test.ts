import { drawClip, type Motion } from 'dr2net/example';
import { expect, it } from 'vitest';
import { readDigits } from './read-digits.ts';

it('digits are 1297 and 500 images, no one in both parts', () => {
  const [train, val] = [readDigits('train'), readDigits('val')];
  expect([train.length, val.length]).toEqual([1297, 500]);
  const seen = new Set(train.map(String));
  expect(val.filter((digit) => seen.has(String(digit)))).toEqual([]);
  // The first line of the file: a nought whose top row is 0 0 5 13 9 1 0 0.
  expect([...(train[0] ?? [])].slice(0, 8)).toEqual([0, 0, 5, 13, 9, 1, 0, 0].map((value) => value / 16));
});

it('their clips are these bytes on every machine', () => {
  const sum = (motion: Motion) => drawClip(motion, readDigits('val'), [7, 7]).reduce((total, byte) => total + byte, 0);
  expect(sum('left')).toMatchInlineSnapshot(`2275635`);
  expect(sum('shake')).toMatchInlineSnapshot(`2274431`);
});
