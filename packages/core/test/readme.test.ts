import { runReadme } from '@dr2net/testing';
import { expect, test } from 'vitest';

test("the README's example prints what it says", () => {
  const { printed, expected } = runReadme('core');
  // A gradient that is wrong by amplified rounding errors is another one on another machine; the last digits too.
  const stable = (text: string) =>
    text
      .replace(/(reversible.*kept 0\.2.*= )[\d.]+/, '$1…')
      .replace(/(Error: )[^ ,}]+/g, '$1…')
      .replace(/(\d\.\d{4})\d+/g, '$1');
  expect(stable(printed)).toBe(stable(expected));
});
