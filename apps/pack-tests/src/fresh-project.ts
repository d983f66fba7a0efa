/**
 * A stranger's project outside of the repository, with the tarballs installed by npm, and peers and tools from the registry.
 *
 *     const tarballs = await packAll(join(folder, 'tarballs'));
 *     await makeFreshProject(join(folder, 'project'), tarballs); // all packages, their peers, TypeScript, Vite, vitest
 *     await installTarballs(made, tarballs); // or: a project that names our packages, which no registry has yet
 *
 * The tests of this app share one of each: `inject('tarballs')` and `inject('project')` (test/setup.ts). Node and npm look for packages and
 * their commands in the folders above too, so a project that is written to a folder in there needs no installation of its own.
 */
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import own from '../package.json' with { type: 'json' };
import { npmInstall } from './npm.ts';
import type { Tarballs } from './pack.ts';
import { repository } from './public-packages.ts';

/** What the README tells people to install beside, and the tools of the tests. In the versions of this repository. */
const beside = [
  ...['tfjs', 'tfjs-core', 'tfjs-backend-cpu', 'tfjs-backend-wasm', 'tfjs-backend-webgpu'].map(
    (name) => `@tensorflow/${name}`,
  ),
  ...['@types/node', 'fast-check', 'typescript', 'vite', 'vitest'],
];

/** The versions that `pnpm-workspace.yaml` fixes, and Vite's. */
function fixedVersions(): ReadonlyMap<string, string> {
  const text = readFileSync(join(repository, 'pnpm-workspace.yaml'), 'utf8');
  const catalog = Array.from(
    text.matchAll(/^ {2}"?([@\w/-]+)"?: (\d[\w.-]*)$/gm),
    ([, name, version]) => [name!, version!] as const,
  );
  return new Map([...catalog, ['vite', own.devDependencies.vite]]);
}

/** Makes the project in a folder that is not there yet. */
export async function makeFreshProject(project: string, tarballs: Tarballs): Promise<void> {
  mkdirSync(project, { recursive: true });
  const versions = fixedVersions();
  const manifest = {
    ...{ name: 'stranger', private: true, type: 'module' },
    dependencies: Object.fromEntries([
      ...Object.entries(tarballs).map(([name, path]) => [name, `file:${path}`]),
      ...beside.map((name) => [name, versions.get(name)]),
    ]),
  };
  writeFileSync(join(project, 'package.json'), JSON.stringify(manifest, undefined, 2));
  await npmInstall(project);
  linkRuntime(project);
}

/**
 * Installs what a package.json names; our packages from the tarballs, whichever of them are named there or needed by others.
 * @param project its folder; its package.json stays as it is
 */
export async function installTarballs(project: string, tarballs: Tarballs): Promise<void> {
  await npmInstall(project, Object.values(tarballs));
}

/** onnxruntime-node is this repository's: another 200 MB are not fetched for it. */
function linkRuntime(project: string): void {
  const entry = createRequire(import.meta.url).resolve('onnxruntime-node');
  let folder = dirname(entry);
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  symlinkSync(folder, join(project, 'node_modules/onnxruntime-node'), 'dir');
}
