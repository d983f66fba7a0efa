/** The packages of this repository that are published. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly [field: string]: unknown;
}

export interface PublicPackage {
  readonly name: string;
  /** Under `packages`: `core`. */
  readonly short: string;
  readonly folder: string;
  readonly manifest: Manifest;
}

export const repository = fileURLToPath(new URL('../../..', import.meta.url));

export const publicPackages: readonly PublicPackage[] = readdirSync(join(repository, 'packages'))
  .map((short) => {
    const folder = join(repository, 'packages', short);
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
    return { name: manifest.name, short, folder, manifest };
  })
  .filter(({ manifest }) => !manifest.private);
