import { runReadme } from '@dr2net/testing';
import { expect, it } from 'vitest';

it.each([0, 1])("the README's example %i prints what it says", (example) => {
  const { printed, expected } = runReadme('detection', example);
  expect(printed).toBe(expected);
});
