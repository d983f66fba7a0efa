import { runReadme } from '@dr2net/testing';
import { expect, it } from 'vitest';

it("the README's example prints what it says", () => {
  const { printed, expected } = runReadme('detection');
  expect(printed).toBe(expected);
});
