/** A page of the project, bundled by its own Vite. */
import { cpSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './public-packages.ts';
import { run } from './stranger.ts';

export function copyPage(project: string): void {
  cpSync(join(repository, 'apps/pack-tests/page'), join(project, 'src'), { recursive: true });
  renameSync(join(project, 'src/index.html'), join(project, 'index.html'));
}

export interface BuiltPage {
  readonly folder: string;
  /** What Vite warns of; but for large chunks, which are TensorFlow.js and HDF5. */
  readonly warnings: readonly string[];
  /** Names of modules of Node that the bundle still has. */
  readonly nodeModules: readonly string[];
}

export async function buildPage(project: string): Promise<BuiltPage> {
  const vite = join(project, 'node_modules/vite/bin/vite.js');
  const args = [vite, 'build', '--logLevel', 'warn'];
  const { all } = await run(process.execPath, args, { cwd: project, all: true, env: { NO_COLOR: '1' } });
  const folder = join(project, 'dist');
  const scripts = readdirSync(join(folder, 'assets')).filter((name) => name.endsWith('.js'));
  const code = scripts.map((name) => readFileSync(join(folder, 'assets', name), 'utf8')).join('\n');
  return {
    folder,
    warnings: all
      .split('\n')
      .filter((line) => /warn|externalized|\(!\)|unresolved/i.test(line) && !/chunk/i.test(line)),
    nodeModules: [
      ...new Set(
        Array.from(code.matchAll(/(?:from|import\(|import|require\()\s*["'`](node:[\w/]+)["'`]/g), ([, name]) => name!),
      ),
    ],
  };
}
