/** What a bundler makes of this package for a browser: nothing of Node's in it. */
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsdown';
import { expect, test } from 'vitest';
import { temporaryFolder } from './fixtures.ts';

const root = temporaryFolder();

/** The modules of Node that a bundle of this package imports. */
async function nodeImports(platform: 'browser' | 'node'): Promise<string[]> {
  const outDir = mkdtempSync(join(root, `${platform}-`));
  await build({
    config: false,
    entry: [fileURLToPath(new URL('../src/index.ts', import.meta.url))],
    outDir,
    format: 'esm',
    platform,
    dts: false,
    sourcemap: false,
    logLevel: 'silent',
    noExternal: [/@dr2net\//],
    external: ['@tensorflow/tfjs-core'],
    inputOptions: { resolve: { conditionNames: ['@dr2net/source', platform, 'import', 'default'] } },
  });
  const code = readdirSync(outDir).map((file) => readFileSync(join(outDir, file), 'utf8'));
  return code.flatMap((text) =>
    [...text.matchAll(/\b(?:from|import)\s*\(?\s*["'](node:[\w/]+)["']/g)].map(([, name]) => name!),
  );
}

test('the browser gets no node: module, Node gets its folders', async () => {
  expect(await nodeImports('browser')).toEqual([]);
  expect(await nodeImports('node')).toContain('node:fs/promises');
});
