import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { existingPath, userPath } from './user-path.ts';

afterEach(() => vi.unstubAllEnvs());

it('counts relative paths from where the command was typed, not from where the script runs', () => {
  vi.stubEnv('INIT_CWD', '/somewhere/else');
  expect(userPath('runs/a')).toBe('/somewhere/else/runs/a');
  expect(userPath('../b')).toBe('/somewhere/b');
  expect(userPath('/absolute')).toBe('/absolute');
  vi.stubEnv('INIT_CWD', undefined);
  expect(userPath('runs/a')).toBe(join(process.cwd(), 'runs/a'));
});

it('refuses what is not there, by option and path', () => {
  const folder = mkdtempSync(join(tmpdir(), 'jobs-path-'));
  vi.stubEnv('INIT_CWD', folder);
  expect(() => existingPath('--cli', 'cli.js')).toThrow(`--cli cli.js: there is no ${join(folder, 'cli.js')}`);
  writeFileSync(join(folder, 'cli.js'), '');
  expect(existingPath('--cli', 'cli.js')).toBe(join(folder, 'cli.js'));
});
