/** The machine and the software that a figure was measured on; part of every result file. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly platform: string;
  /** Mean number of running processes over the last minute when this was asked: more than `cores` makes times doubtful. */
  readonly load: number;
}

export interface Provenance {
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  /** The commit, with `-dirty` when the tree had changes. */
  readonly commit: string;
  /** ISO 8601. */
  readonly date: string;
}

/** The repository's root; this package lies two folders below it. */
export const repositoryRoot = fileURLToPath(new URL('../../..', import.meta.url));

function git(...args: string[]): string {
  try {
    return execFileSync('git', args, {
      cwd: repositoryRoot,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return '';
  }
}

function commit(): string {
  const hash = git('rev-parse', 'HEAD');
  if (!hash) return 'unknown';
  return git('status', '--porcelain', '--untracked-files=no') ? `${hash}-dirty` : hash;
}

/** @param versions of the packages that matter besides Node */
export function provenance(versions: Readonly<Record<string, string>> = {}): Provenance {
  const manifest = JSON.parse(readFileSync(`${repositoryRoot}/packages/dr2net/package.json`, 'utf8')) as {
    version: string;
  };
  return {
    machine: {
      processor: cpus()[0]?.model ?? 'unknown',
      cores: availableParallelism(),
      memoryBytes: totalmem(),
      platform: `${process.platform} ${process.arch}`,
      load: Math.round((loadavg()[0] ?? 0) * 100) / 100,
    },
    versions: { node: process.versions.node, dr2net: manifest.version, ...versions },
    commit: commit(),
    date: new Date().toISOString(),
  };
}
