/** The pictures in docs/ are what the functions draw today. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { figures } from '../scripts/plot.ts';

test.each(Object.entries(figures))('docs/%s is up to date (pnpm plot draws it)', (name, picture) => {
  expect(readFileSync(new URL(`../docs/${name}`, import.meta.url), 'utf8')).toBe(picture);
});
