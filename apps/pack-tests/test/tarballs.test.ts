/** What is in the tarballs, and what their package.json says. */
import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { fencesOf } from '@dr2net/testing/documents';
import { describe, expect, inject, test } from 'vitest';
import { publicPackages } from '../src/public-packages.ts';
import { readTarball, targets } from '../src/tarball.ts';

const tarballs = inject('tarballs');

test('there is one for every public package and none for others', () => {
  const paths = Object.values(tarballs);
  expect(readdirSync(dirname(paths[0] ?? ''))).toHaveLength(publicPackages.length);
});

describe.each(publicPackages)('$name', ({ name }) => {
  test('has what it names, and no sources and tests', async () => {
    const { files, manifest } = await readTarball(tarballs[name] ?? '');
    for (const file of ['LICENSE', 'README.md', 'CHANGELOG.md']) expect(files).toContain(file);
    for (const field of ['exports', 'imports', 'bin'])
      for (const target of targets(manifest[field])) expect(files, `${field} of ${name}`).toContain(target);
    expect([...files].filter((file) => /(^|\/)(src|test|node_modules)\/|\.test\./.test(file))).toEqual([]);
    expect(JSON.stringify(manifest)).not.toMatch(/"(workspace|catalog):/);
  });

  test('has a README that begins with an example and its output', async () => {
    const { readme } = await readTarball(tarballs[name] ?? '');
    const [example, output] = fencesOf(readme);
    expect(['js', 'ts', 'sh']).toContain(example?.language);
    expect(example?.line).toBeLessThan(10);
    expect(output?.language).toBe('text');
  });
});
