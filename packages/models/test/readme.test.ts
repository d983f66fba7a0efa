/** The README's example runs and prints what it says. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, runReadme } from '@dr2net/testing';
import { afterAll, expect, test } from 'vitest';

afterAll(() => rmSync(join(root, 'packages/models/tiny-vit'), { recursive: true, force: true }));

test.each([
  ['transformers', 0],
  ['Swin', 1],
])('the example of %s', (_, example) => {
  const { printed, expected } = runReadme('models', example);
  expect(printed).toBe(expected);
});
