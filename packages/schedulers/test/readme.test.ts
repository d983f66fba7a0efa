import { runReadme } from '@dr2net/testing';
import { expect, test } from 'vitest';

test("the README's example prints what it says", () => {
  const { printed, expected } = runReadme('schedulers');
  expect(printed).toBe(expected);
});
