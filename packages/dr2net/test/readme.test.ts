import { runReadme } from '@dr2net/testing';
import { expect, it } from 'vitest';

it("the README's example of point clouds prints what it says", () => {
  const { printed, expected } = runReadme('dr2net');
  expect(printed).toBe(expected);
});
