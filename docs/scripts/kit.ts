/** Bundles what the live pages load: each package under a name of its own, the workers, the wasm binaries. Into `public/kit`. */
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { build } from 'vite';
import { importable } from '../workers/importable.ts';
import { bundleName } from '../workers/rewrite.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = join(root, 'public', 'kit');

const workers = {
  runner: join(root, 'workers', 'runner.ts'),
  finetune: join(root, 'workers', 'finetune', 'worker.ts'),
  points: join(root, 'workers', 'points', 'worker.ts'),
  boxes: join(root, 'workers', 'boxes', 'worker.ts'),
};

await build({
  ...{ root, configFile: false, base: './', logLevel: 'warn', publicDir: false },
  resolve: { conditions: ['module', 'browser', 'production'] },
  build: {
    outDir: out,
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: false,
    chunkSizeWarningLimit: 3000,
    rolldownOptions: {
      input: { ...Object.fromEntries(importable.map((name) => [bundleName(name), name])), ...workers },
      preserveEntrySignatures: 'strict',
      // Drawing PNG is Node's; a page that imports the reports never calls it.
      external: ['@resvg/resvg-js'],
      output: { entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
    },
  },
});

const wasm = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/package.json'));
mkdirSync(join(out, 'wasm'), { recursive: true });
for (const file of readdirSync(join(wasm, 'dist')))
  if (file.endsWith('.wasm')) copyFileSync(join(wasm, 'dist', file), join(out, 'wasm', file));

// The embedded example: weights, and the digits that its clips are drawn with.
const start = join(root, '..', 'apps', 'start');
const model = join(root, '..', 'packages', 'dr2net', 'example');
const embedded = join(out, 'embedded');
mkdirSync(embedded, { recursive: true });
for (const file of ['config.json', 'preprocessor_config.json', 'model.safetensors'])
  copyFileSync(join(model, file), join(embedded, file));
writeFileSync(join(embedded, 'digits.csv'), gunzipSync(readFileSync(join(start, 'data', 'digits.csv.gz'))));

// The models of the pages of point clouds and of boxes, and what unpacks LAZ.
cpSync(join(root, 'models'), out, { recursive: true });
const pointcloud = createRequire(createRequire(import.meta.url).resolve('@dr2net/pointcloud/package.json'));
copyFileSync(join(dirname(pointcloud.resolve('laz-perf')), '..', 'web', 'laz-perf.wasm'), join(out, 'laz-perf.wasm'));
