/**
 * The packages' own tests, made to run against what is installed: copied without the sources, of which only a file
 * remains that hands on the installed package. Tests that look into the sources stay behind.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { type PublicPackage, publicPackages, repository } from './public-packages.ts';
import { run } from './stranger.ts';

/** The entries of a package that tests import by their path. */
const entries = ['src/index.ts', 'src/node.ts'];

export interface CopiedTests {
  /** Relative to the project. */
  readonly files: readonly string[];
  /** Tests that look into the sources. */
  readonly left: readonly string[];
}

export function copyOwnTests(project: string): CopiedTests {
  const files: string[] = [];
  const left: string[] = [];
  for (const name of ['vitest.setup.ts', 'packages/testing/src', 'packages/testing/package.json'])
    cpSync(join(repository, name), join(project, name), { recursive: true });
  for (const member of publicPackages) {
    const target = join(project, 'packages', member.short);
    mkdirSync(join(target, 'src'), { recursive: true });
    for (const entry of entries) writeFileSync(join(target, entry), `export * from '${member.name}';\n`);
    cpSync(join(project, 'node_modules', member.name, 'README.md'), join(target, 'README.md'));
    cpSync(join(member.folder, 'test'), join(target, 'test'), { recursive: true });
    for (const path of testsOf(member)) {
      const list = usesSources(path, member) ? left : files;
      list.push(relative(repository, path));
    }
  }
  return { files, left };
}

function testsOf({ folder }: PublicPackage): string[] {
  const names = readdirSync(join(folder, 'test'), { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.test.ts')).map((name) => join(folder, 'test', name));
}

/** Whether a test, or a helper that it imports, imports more of the sources than the package's entry. */
function usesSources(path: string, member: PublicPackage, seen = new Set<string>()): boolean {
  if (seen.has(path)) return false;
  seen.add(path);
  const text = readFileSync(path, 'utf8');
  return Array.from(text.matchAll(/(?:from |import\()'(\.[^']+)'/g), ([, name]) => resolve(dirname(path), name!)).some(
    (imported) => {
      if (entries.some((entry) => imported === join(member.folder, entry))) return false;
      return !imported.startsWith(join(member.folder, 'test')) || usesSources(imported, member, seen);
    },
  );
}

export interface OwnResult {
  readonly passed: number;
  readonly skipped: number;
  /** `file: test` and why. */
  readonly failed: readonly string[];
}

const config = `
import { fileURLToPath } from 'node:url';
const testing = (name) => fileURLToPath(new URL('packages/testing/src/' + name, import.meta.url));
export default {
  resolve: {
    alias: [
      { find: '@dr2net/testing/close', replacement: testing('close.ts') },
      { find: '@dr2net/testing/float64', replacement: testing('float64/index.ts') },
      { find: '@dr2net/testing/leaks', replacement: testing('leaks.ts') },
      { find: '@dr2net/testing', replacement: testing('index.ts') },
    ],
  },
  test: { setupFiles: ['vitest.setup.ts'], pool: 'forks', maxWorkers: 2, testTimeout: 300_000, hookTimeout: 300_000 },
};
`;

/** Runs tests in the project with its own vitest, on the cpu backend. */
export async function runOwnTests(project: string, files: readonly string[]): Promise<OwnResult> {
  writeFileSync(join(project, 'vitest.config.mjs'), config);
  const report = join(project, 'own-tests.json');
  const vitest = join(project, 'node_modules/vitest/vitest.mjs');
  const { all } = await run(process.execPath, [vitest, 'run', '--reporter=json', `--outputFile=${report}`, ...files], {
    ...{ cwd: project, all: true, reject: false },
    env: { DR2NET_TEST_BACKENDS: 'cpu', DR2NET_SHARED: join(project, 'none') },
  });
  if (!existsSync(report)) throw new Error(`vitest wrote no report:\n${all}`);
  return summary(JSON.parse(readFileSync(report, 'utf8')) as VitestReport);
}

interface VitestReport {
  readonly numPassedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { fullName: string; status: string; failureMessages: readonly string[] }[];
  }[];
}

function summary({ numPassedTests, numPendingTests, testResults }: VitestReport): OwnResult {
  const failed = testResults.flatMap(({ name, status, message, assertionResults }) => [
    ...(status === 'failed' && message ? [`${name}: ${message}`] : []),
    ...assertionResults
      .filter((test) => test.status === 'failed')
      .map((test) => `${name}: ${test.fullName}: ${test.failureMessages[0]}`),
  ]);
  return { passed: numPassedTests, skipped: numPendingTests, failed };
}
