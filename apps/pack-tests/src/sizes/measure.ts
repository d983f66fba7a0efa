/** The sizes of every package, and how they stand to their budgets (budgets.json). */
import { readFileSync } from 'node:fs';
import { publicPackages } from '../public-packages.ts';
import { bundleSize } from './bundle.ts';
import { smallestImports } from './imports.ts';

/** Bytes, compressed. */
export interface Sizes {
  /** `export * from` the package. */
  readonly full: number;
  /** Its smallest useful import. */
  readonly smallest: number;
}

export type SizesByName = Readonly<Record<string, Sizes>>;

const read = (file: URL) => JSON.parse(readFileSync(file, 'utf8')) as SizesByName;

/** What was measured when `pnpm sizes` ran last; the table of CONTRIBUTING.md is made of it. */
export const recordFile = new URL('../../sizes.json', import.meta.url);

export const budgetsFile = new URL('../../budgets.json', import.meta.url);

export const recordedSizes = () => read(recordFile);

export const budgets = read(budgetsFile);

export async function measureSizes(): Promise<SizesByName> {
  const sizes: Record<string, Sizes> = {};
  for (const { name } of publicPackages) {
    const least = smallestImports[name];
    if (least === undefined) throw new Error(`${name} has no smallest import in src/sizes/imports.ts.`);
    const [full, smallest] = [await bundleSize(`export * from '${name}';`), await bundleSize(least)];
    sizes[name] = { full: full.bytes, smallest: smallest.bytes };
  }
  return sizes;
}
