/** Packs every public package as `pnpm publish` would: workspace and catalog versions replaced, only `files`. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { publicPackages, repository } from './public-packages.ts';

/** The path of each package's tarball by the package's name. */
export type Tarballs = Readonly<Record<string, string>>;

/** @param folder where the tarballs go; it is made. What is packed is what was built last. */
export async function packAll(folder: string): Promise<Tarballs> {
  mkdirSync(folder, { recursive: true });
  const filters = publicPackages.flatMap(({ name }) => ['--filter', name]);
  await execa('pnpm', [...filters, 'pack', '--pack-destination', folder], { cwd: repository });
  return Object.fromEntries(
    publicPackages.map(({ name, manifest }) => [
      name,
      join(folder, `${name.replace('@', '').replace('/', '-')}-${manifest.version}.tgz`),
    ]),
  );
}
