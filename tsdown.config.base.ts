// How every package is built: one ESM file a module, so that a bundler drops what is not used; its types, a source map. Dependencies stay imports.
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
    unbundle: true,
    fixedExtension: false,
    external: [/^[^./]/],
    logLevel: 'warn',
    ...more,
  });
}
