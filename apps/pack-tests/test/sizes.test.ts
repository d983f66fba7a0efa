/** The budgets of sizes, and what `sideEffects: false` promises. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { publicPackages, repository } from '../src/public-packages.ts';
import { bundleSize } from '../src/sizes/bundle.ts';
import { budgets, measureSizes, recordedSizes, type SizesByName } from '../src/sizes/measure.ts';
import { sizeTable } from '../src/sizes/table.ts';

describe('sizes', () => {
  let sizes: SizesByName;
  beforeAll(async () => {
    sizes = await measureSizes();
  });

  test('every public package has a budget, and nothing else', () => {
    expect(Object.keys(budgets).sort()).toEqual(publicPackages.map(({ name }) => name).sort());
  });

  test.each(publicPackages)('$name is within its budget', ({ name }) => {
    const { full, smallest } = sizes[name]!;
    expect(full, 'everything; pnpm sizes shows all').toBeLessThanOrEqual(budgets[name]!.full);
    expect(smallest, 'smallest import; pnpm sizes shows all').toBeLessThanOrEqual(budgets[name]!.smallest);
  });

  test('what was written down is not older than a tenth of a size', () => {
    const recorded = recordedSizes();
    for (const [name, { full, smallest }] of Object.entries(sizes)) {
      const near = (old: number | undefined, now: number) => Math.abs((old ?? 0) - now) < 0.1 * now + 50;
      expect(near(recorded[name]?.full, full), `${name}: run pnpm sizes`).toBe(true);
      expect(near(recorded[name]?.smallest, smallest), `${name}: run pnpm sizes`).toBe(true);
    }
  });

  test('the table of CONTRIBUTING.md is what was written down', () => {
    expect(readFileSync(join(repository, 'CONTRIBUTING.md'), 'utf8')).toContain(sizeTable(recordedSizes()));
  });

  test('importing a package for nothing leaves nothing in a bundle', async () => {
    for (const { name } of publicPackages) expect((await bundleSize(`import '${name}';`)).code, name).toBe('');
  });

  test('no module registers anything when it is imported', async () => {
    // What is registered with the engine is registered by a call, so that dropping a module that nobody uses drops no kernel.
    const { getKernelsForBackend } = await import('@tensorflow/tfjs-core');
    const backends = ['cpu', 'wasm', 'webgpu', 'tensorflow', 'dry'];
    const registered = () => backends.map((backend) => getKernelsForBackend(backend).length);
    const before = registered();
    await import('dr2net');
    expect(registered()).toEqual(before);
  });
});
