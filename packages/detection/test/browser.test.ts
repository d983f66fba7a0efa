/** What a browser bundles: nothing of Node may be reachable from the browser's entry. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const source = fileURLToPath(new URL('../src', import.meta.url));

/** Every module that `entry` imports, directly or not: our files by path, packages by name. */
function reachable(entry: string, found = new Set<string>()): Set<string> {
  if (found.has(entry)) return found;
  found.add(entry);
  const text = readFileSync(entry, 'utf8');
  const named = [...text.matchAll(/^(?:import|export)\s+(type\s)?[^'";]*?(?:from\s+)?'([^']+)'/gm)].filter(
    ([, type]) => !type,
  );
  const names = [
    ...named.map(([, , name]) => name),
    ...[...text.matchAll(/import\('([^']+)'\)/g)].map(([, name]) => name),
  ];
  for (const name of names) {
    if (name === undefined) continue;
    if (name.startsWith('.')) reachable(join(dirname(entry), name), found);
    else found.add(name);
  }
  return found;
}

it('has no Node module, no sharp and no file of the Node side', () => {
  const modules = [...reachable(join(source, 'browser.ts'))];
  expect(modules).toContain('@rgrove/parse-xml');
  expect(modules).toContain(join(source, 'image', 'browser.ts'));
  expect(modules.filter((name) => name.startsWith('node:') || name === 'sharp')).toEqual([]);
  expect(modules.filter((name) => name.startsWith(join(source, 'node')))).toEqual([]);
  const node = [...reachable(join(source, 'node.ts'))];
  expect(node).toContain('node:fs/promises');
  expect(node).toContain('sharp');
});
