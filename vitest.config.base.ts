// How every package is tested: against the sources of its siblings, one process a file (a tfjs engine is global).
import { fileURLToPath } from 'node:url';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

const conditions = ['@dr2net/source', 'node', 'import', 'module', 'default'];

export function packageTests(more: NonNullable<ViteUserConfig['test']> = {}) {
  return defineConfig({
    resolve: { conditions },
    ssr: { resolve: { conditions, externalConditions: ['node', 'import', 'default'] } },
    test: {
      setupFiles: [fileURLToPath(new URL('vitest.setup.ts', import.meta.url))],
      include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
      pool: 'forks',
      maxWorkers: 2,
      // They end what hangs. How fast something is they do not judge: another machine, or a busy one, may be many times slower.
      testTimeout: 300_000,
      hookTimeout: 300_000,
      server: { deps: { inline: [/@dr2net\//] } },
      ...more,
    },
  });
}
