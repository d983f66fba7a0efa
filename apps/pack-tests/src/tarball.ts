/** What is in a tarball. */
import { execa } from 'execa';
import type { Manifest } from './public-packages.ts';

export interface Tarball {
  /** Paths below the package's root. */
  readonly files: ReadonlySet<string>;
  readonly manifest: Manifest;
  /** README.md */
  readonly readme: string;
}

export async function readTarball(path: string): Promise<Tarball> {
  const { stdout: list } = await execa('tar', ['-tzf', path]);
  const text = async (file: string) => (await execa('tar', ['-xzOf', path, `package/${file}`])).stdout;
  return {
    files: new Set(list.split('\n').map((name) => name.replace(/^package\//, ''))),
    manifest: JSON.parse(await text('package.json')) as Manifest,
    readme: await text('README.md'),
  };
}

/** All texts that start with ./ anywhere below `exports`, `imports` and `bin`. */
export function targets(value: unknown): string[] {
  if (typeof value === 'string') return value.startsWith('./') ? [value.slice(2)] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([condition, inner]) => (condition === '@dr2net/source' ? [] : targets(inner)));
}
