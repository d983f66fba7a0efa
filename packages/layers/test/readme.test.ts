/** The README's example runs and prints what it says. */
import { runReadme } from '@dr2net/testing';
import { expect, test } from 'vitest';

test('the first example', () => {
  const { printed, expected } = runReadme('layers');
  expect(printed).toBe(expected);
});
