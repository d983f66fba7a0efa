// Checks the packed form of the package in the current folder: publint (strict) and the export checker.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// An entry that is a file of data has no declarations that could be missing; publint sees that it is there.
const { exports } = JSON.parse(readFileSync('package.json', 'utf8'));
const data = Object.entries(exports).filter(([, to]) => typeof to === 'string' && !/\.(js|json)$/.test(to));
const excluded = data.length > 0 ? ['--exclude-entrypoints', ...data.map(([entry]) => entry)] : [];

const folder = mkdtempSync(join(tmpdir(), 'dr2net-pack-'));
try {
  execFileSync('pnpm', ['pack', '--pack-destination', folder], { stdio: ['ignore', 'ignore', 'inherit'] });
  const tarball = join(
    folder,
    readdirSync(folder).find((name) => name.endsWith('.tgz')),
  );
  execFileSync('pnpm', ['exec', 'publint', 'run', tarball, '--strict'], { stdio: 'inherit' });
  execFileSync('pnpm', ['exec', 'attw', tarball, '--profile', 'esm-only', ...excluded], { stdio: 'inherit' });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
