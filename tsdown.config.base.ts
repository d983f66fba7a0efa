// How every package is built: one ESM file an entry, its types, a source map. Dependencies stay imports.
import { defineConfig, type UserConfig } from 'tsdown';

/** The build of a package whose entries are `src/<name>.ts`. */
export function packageBuild(entry: readonly string[] = ['src/index.ts'], more: UserConfig = {}) {
  return defineConfig({
    entry: [...entry],
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    dts: { sourcemap: false },
    sourcemap: true,
    clean: true,
    fixedExtension: false,
    external: [/^[^./]/],
    logLevel: 'warn',
    ...more,
  });
}
