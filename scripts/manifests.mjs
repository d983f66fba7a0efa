// What the package.json files of all public packages say alike: where the repository is, what is packed, how they are published.
// CITATION.cff has their version too.
// `node scripts/manifests.mjs` writes it, `node scripts/manifests.mjs --check` fails where one says something else.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The one place that names the repository. */
const repository = 'https://github.com/dr2net/dr2net-tfjs';

const keywords = ['dr2net', 'tensorflow.js', 'finetuning', 'reversible network', 'activation memory'];
const ownKeywords = {
  backends: ['webgpu', 'wasm'],
  core: ['reversible', 'gradients', 'fixed point'],
  detection: ['object detection', 'coco', 'yolos', 'dino'],
  dr2net: ['transformer', 'command line', 'webgpu', 'wasm'],
  export: ['onnx', 'onnxruntime'],
  layers: ['transformer', 'attention'],
  memory: ['memory', 'profiler', 'planner'],
  models: ['vision transformer', 'swin', 'videomae', 'dinov2', 'safetensors'],
  ops: ['kernels', 'webgpu', 'wgsl', 'wasm', 'simd'],
  pointcloud: ['point cloud', 'semantic segmentation', 'las', 'ply'],
  schedulers: ['schedule', 'learning rate'],
  train: ['training', 'adamw', 'checkpoint'],
  video: ['video', 'action recognition'],
};

/** Beside `dist` and the changelog. */
const ownFiles = { dr2net: ['example', 'templates'] };

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const check = process.argv.includes('--check');
const different = [];

/** Writes a file, or notes that it is not as it should be. */
function settle(path, text, wanted) {
  if (wanted === text) return;
  different.push(path);
  if (!check) writeFileSync(path, wanted);
}

for (const name of readdirSync(join(root, 'packages'))) {
  const path = join(root, 'packages', name, 'package.json');
  const text = readFileSync(path, 'utf8');
  const manifest = JSON.parse(text);
  if (manifest.private) continue;
  if (!ownKeywords[name]) throw new Error(`scripts/manifests.mjs has no keywords for packages/${name}: add them.`);
  const alike = {
    keywords: [...keywords, ...ownKeywords[name]],
    homepage: `${repository}/tree/main/packages/${name}#readme`,
    bugs: `${repository}/issues`,
    repository: { type: 'git', url: `git+${repository}.git`, directory: `packages/${name}` },
  };
  const entries = Object.entries(manifest).filter(([field]) => !(field in alike));
  const after = entries.findIndex(([field]) => field === 'description') + 1;
  entries.splice(after, 0, ...Object.entries(alike));
  const written = Object.fromEntries(entries);
  written.files = ['dist', ...(ownFiles[name] ?? []), 'CHANGELOG.md'];
  written.publishConfig = { ...written.publishConfig, access: 'public', provenance: true };
  settle(path, text, `${JSON.stringify(written, undefined, 2)}\n`);
}

const citation = join(root, 'CITATION.cff');
const { version } = JSON.parse(readFileSync(join(root, 'packages/dr2net/package.json'), 'utf8'));
const cited = readFileSync(citation, 'utf8');
const today = new Date().toISOString().slice(0, 10);
settle(
  citation,
  cited,
  cited.includes(`\nversion: ${version}\n`)
    ? cited
    : cited
        .replace(/\nversion: .*/, `\nversion: ${version}`)
        .replace(/\ndate-released: .*/, `\ndate-released: "${today}"`),
);
if (check && different.length > 0) {
  console.error(`Not as scripts/manifests.mjs has it: ${different.join(', ')}. Run node scripts/manifests.mjs.`);
  process.exit(1);
}
