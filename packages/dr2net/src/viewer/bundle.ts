/**
 * The script of a scene's page, bundled from `main.ts`: at the build into `dist/scene-viewer.js`, and where dr2net runs from
 * its sources on demand. `#scene-viewer` in package.json chooses.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** A classic script that needs nothing, with the licence of three.js, which it contains. */
export async function viewerScript(): Promise<string> {
  const entry = fileURLToPath(new URL('./main.ts', import.meta.url));
  const three = createRequire(entry).resolve('three');
  const licence = readFileSync(join(dirname(dirname(three)), 'LICENSE'), 'utf8');
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    legalComments: 'none',
    banner: { js: `/*! three.js\n${licence.trim()}\n*/` },
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}
