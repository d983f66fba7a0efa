// In a process of its own: what Node 23 took out of `util` is taken out before the native backend is loaded.
import { createRequire } from 'node:module';
import { tensor1d, topk } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { startBackend, whyUnavailable } from '../src/index.ts';

const why = await whyUnavailable('node');
if (why) console.warn(`SKIPPED node without util.isNullOrUndefined: ${why.reason} ${why.remedy}`);

test.skipIf(why)('node runs where util.isNullOrUndefined and util.isArray are gone', async () => {
  const util = createRequire(import.meta.url)('node:util') as Record<string, unknown>;
  delete util.isNullOrUndefined;
  delete util.isArray;
  const backend = await startBackend('node');
  const x = tensor1d([3, 1, 2]);
  const { values, indices } = topk(x, 2);
  expect(Array.from(await values.data())).toEqual([3, 2]);
  expect(Array.from(await indices.data())).toEqual([0, 2]);
  for (const t of [x, values, indices]) t.dispose();
  backend.dispose();
});
