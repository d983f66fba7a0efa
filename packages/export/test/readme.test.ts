import { runReadme } from '@dr2net/testing';
import { expect, test } from 'vitest';

test('the example of the README prints what it says', () => {
  const { printed, expected } = runReadme('export');
  expect(printed).toBe(expected);
});
