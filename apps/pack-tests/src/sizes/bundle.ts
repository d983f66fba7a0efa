/** The size of a bundle as a page would load it: for a browser, minified, gzip; without TensorFlow.js. */
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, type Metafile } from 'esbuild';

export interface BundleSize {
  /** Compressed bytes that are loaded at once. */
  readonly bytes: number;
  /** Compressed bytes of the parts that are imported when they are needed. */
  readonly later: number;
  /** The code that is loaded at once. */
  readonly code: string;
}

/** @param source a module: `export * from '@dr2net/core'` */
export async function bundleSize(source: string): Promise<BundleSize> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: source, resolveDir: fileURLToPath(new URL('.', import.meta.url)) },
    ...{ bundle: true, minify: true, write: false, metafile: true, splitting: true },
    ...{ format: 'esm', platform: 'browser', target: 'es2022', outdir: 'bundle', logLevel: 'silent' },
    legalComments: 'none',
    // One engine for all packages, which the page has already; drawing PNG and Dawn are Node's.
    external: ['@tensorflow/*', '@resvg/resvg-js', 'webgpu'],
  });
  const atOnce = loadedAtOnce(metafile);
  const parts = outputFiles.map(({ path, contents, text }) => ({
    atOnce: atOnce.has(basename(path)),
    bytes: gzipSync(contents, { level: 9 }).length,
    text,
  }));
  const total = (wanted: boolean) =>
    parts.filter((part) => part.atOnce === wanted).reduce((sum, { bytes }) => sum + bytes, 0);
  const code = parts.map((part) => (part.atOnce ? part.text : '')).join('');
  return { bytes: total(true), later: total(false), code };
}

/** The names of the entry's file and of what it imports statically. */
function loadedAtOnce({ outputs }: Metafile): ReadonlySet<string> {
  const reached = new Set<string>();
  const visit = (path: string) => {
    if (reached.has(path)) return;
    reached.add(path);
    for (const { path: imported, kind, external } of outputs[path]!.imports)
      if (kind === 'import-statement' && !external) visit(imported);
  };
  for (const [path, { entryPoint }] of Object.entries(outputs)) if (entryPoint === '<stdin>') visit(path);
  return new Set(Array.from(reached, (path) => basename(path)));
}
