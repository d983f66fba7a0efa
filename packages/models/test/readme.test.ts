/** The README's example runs and prints what it says. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, runReadme } from '@dr2net/testing';
import { afterAll, expect, test } from 'vitest';

afterAll(() => rmSync(join(root, 'packages/models/tiny-vit'), { recursive: true, force: true }));

test('the first example', () => {
  const { printed, expected } = runReadme('models');
  expect(printed).toBe(expected);
});
