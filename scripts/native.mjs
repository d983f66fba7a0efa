// `pnpm native [cpu|gpu] [--force]`: makes @tensorflow/tfjs-node(-gpu) work from the npm and PyPI registries alone.
//
// The package's own install script downloads libtensorflow 2.9 and a prebuilt addon from elsewhere. Here its unmodified
// C++ sources are compiled against the libtensorflow of the PyPI wheel, and our allocator statistics (native/) beside
// them. The result lives in .native/<cpu|gpu>, laid out like the package (deps/lib, lib/napi-v8), and is linked into the
// workspace's copy of the package: after a new `pnpm install` only the links are made again. See native/README.md.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const TENSORFLOW = '2.21.0';
// The oldest versions that TensorFlow 2.21 accepts: the smallest downloads (2.1 GB together).
const NVIDIA = [
  'nvidia-cublas-cu12==12.5.3.2',
  'nvidia-cuda-runtime-cu12==12.5.82',
  'nvidia-cudnn-cu12==9.3.0.75',
  'nvidia-cufft-cu12==11.2.3.61',
  'nvidia-cusolver-cu12==11.6.3.83',
  'nvidia-cusparse-cu12==12.5.1.3',
  'nvidia-nvjitlink-cu12==12.5.82',
];
const KINDS = {
  cpu: { npm: '@tensorflow/tfjs-node', wheels: [`tensorflow-cpu==${TENSORFLOW}`] },
  gpu: { npm: '@tensorflow/tfjs-node-gpu', wheels: [`tensorflow==${TENSORFLOW}`, ...NVIDIA] },
};
const RPATH = '-Wl,-rpath,$ORIGIN/../../deps/lib';

const root = fileURLToPath(new URL('..', import.meta.url));
const start = Date.now();
const say = (text) => console.log(`[native ${((Date.now() - start) / 1000).toFixed(1)}s] ${text}`);

/** Stops with a message that says what to do. */
function refuse(...lines) {
  for (const line of lines) console.error(`pnpm native: ${line}`);
  process.exit(1);
}

function works(command, args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

/** Names everything that is missing at once, with the Debian package that has it. */
function requireTools() {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    refuse(
      `this recipe is for Linux on x86-64 with glibc; here it is ${process.platform} on ${process.arch}.`,
      "Use the package's own installer: npm rebuild @tensorflow/tfjs-node",
    );
  const missing = [
    [
      'python3 (3.8 or newer)',
      'python3',
      () => works('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 8))']),
    ],
    ['pip for python3', 'python3-pip', () => works('python3', ['-m', 'pip', '--version'])],
    ['g++ (9 or newer)', 'g++', () => works('g++', ['-std=c++17', '-E', '-x', 'c++', '/dev/null'])],
    ['strip', 'binutils', () => works('strip', ['--version'])],
  ].filter(([, , test]) => !test());
  if (missing.length > 0)
    refuse(
      `missing: ${missing.map(([what]) => what).join(', ')}.`,
      `On Debian or Ubuntu: apt-get install ${missing.map(([, name]) => name).join(' ')}`,
    );
}

/** The real folder of the workspace's copy of an npm package. */
function packageFolder(name, from = join(root, 'packages/backends/package.json')) {
  try {
    return dirname(realpathSync(createRequire(from).resolve(`${name}/package.json`)));
  } catch {
    return refuse(`${name} is not installed in packages/backends. Run \`pnpm install\` first.`);
  }
}

function readText(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

/** The C++ files of ours, sorted: memstats.cc and those of the kernels, headers too. */
function ownSources() {
  const kernels = readdirSync(join(root, 'native/kernels')).sort();
  return ['memstats.cc', ...kernels.map((name) => `kernels/${name}`)].map((name) => join(root, 'native', name));
}

/** Changes whenever something changes that goes into the build. */
function stampOf(kind, pkg) {
  const hash = createHash('sha256');
  const sources = readdirSync(join(pkg, 'binding')).sort();
  for (const name of sources) hash.update(readFileSync(join(pkg, 'binding', name)));
  for (const path of [...ownSources(), join(root, 'native/unpack.py'), fileURLToPath(import.meta.url)])
    hash.update(readFileSync(path));
  return `${KINDS[kind].wheels.join(' ')} ${hash.digest('hex')}\n`;
}

function download(kind, folder) {
  // The wheel is only unzipped, so the interpreter it was made for need not be the one that is here.
  const platforms = ['manylinux_2_27_x86_64', 'manylinux2014_x86_64', 'manylinux1_x86_64', 'any'];
  const args = ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:'];
  args.push('--python-version=3.11', '--implementation=cp', '--abi=cp311', '--abi=none');
  args.push(...platforms.map((platform) => `--platform=${platform}`), '--dest', folder, ...KINDS[kind].wheels);
  const { status } = spawnSync('python3', args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) refuse(`pip could not download ${KINDS[kind].wheels.join(', ')}; its message is above.`);
}

/** What lets the compiler make vectors of the kernels' loops without a change of any bit. */
const VECTORS = ['-O3', '-fwrapv', '-fno-math-errno', '-fno-trapping-math', '-ffp-contract=off'];

function compile(sources, output, { include, deps, options = ['-O2'] }) {
  const headers = join(packageFolder('node-api-headers'), 'include');
  const args = [
    '-std=c++17',
    ...options,
    '-fPIC',
    '-shared',
    '-pthread',
    '-w',
    '-DNAPI_VERSION=8',
    `-I${headers}`,
    `-I${include}`,
  ];
  args.push(...sources, '-o', output, `-L${join(deps, 'lib')}`, RPATH);
  args.push('-l:libtensorflow_cc.so.2', '-l:libtensorflow_framework.so.2');
  const { status } = spawnSync('g++', args, { stdio: 'inherit' });
  if (status !== 0) refuse(`g++ could not compile ${sources.join(', ')}; its message is above.`);
}

/** Builds .native/<kind> in a folder beside it and moves it into place when it is whole. */
function build(kind, pkg, home, stamp) {
  const work = `${home}.partial`;
  rmSync(work, { recursive: true, force: true });
  const [deps, include, wheels, addons] = ['deps', 'include', 'wheels', 'lib/napi-v8'].map((name) => join(work, name));
  for (const folder of [deps, include, wheels, addons]) mkdirSync(folder, { recursive: true });
  say(`downloading ${KINDS[kind].wheels[0]}${kind === 'gpu' ? ' and CUDA libraries (2.7 GB)' : ' (270 MB)'}`);
  download(kind, wheels);
  say('unpacking');
  execFileSync('python3', [join(root, 'native/unpack.py'), wheels, deps, include], { stdio: 'inherit' });
  // libtensorflow looks for its CUDA libraries in nvidia/*/lib beside it, cusolver's folder left out: put it in cublas's.
  if (kind === 'gpu')
    symlinkSync('../../cusolver/lib/libcusolver.so.11', join(deps, 'nvidia/cublas/lib/libcusolver.so.11'));
  for (const name of readdirSync(join(deps, 'lib')))
    execFileSync('strip', ['--strip-unneeded', join(deps, 'lib', name)]);
  say('compiling');
  const binding = ['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) => join(pkg, 'binding', name));
  compile(binding, join(addons, 'tfjs_binding.node'), { include, deps });
  const [memstats, ...kernels] = ownSources().filter((name) => name.endsWith('.cc'));
  compile([memstats], join(addons, 'memstats.node'), { include, deps });
  compile(kernels, join(addons, 'kernels.node'), { include, deps, options: VECTORS });
  for (const folder of [include, wheels]) rmSync(folder, { recursive: true });
  writeFileSync(join(work, 'stamp'), stamp);
  rmSync(home, { recursive: true, force: true });
  renameSync(work, home);
}

/** Points the package's `deps` and `lib` at .native/<kind>. */
function link(pkg, home, force) {
  for (const name of ['deps', 'lib']) {
    const path = join(pkg, name);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found && !found.isSymbolicLink() && !force)
      refuse(`${path} is there already, from the package's own installer. Keep it, or replace it with --force.`);
    if (found?.isSymbolicLink() && existsSync(path) && realpathSync(path) === join(realpathSync(home), name)) continue;
    rmSync(path, { recursive: true, force: true });
    symlinkSync(join(home, name), path);
    say(`linked ${name}`);
  }
}

/** Loads the package in a process of its own and computes something with a known answer (200). */
function prove(kind, pkg) {
  const script = `
    const util = require('node:util');
    util.isNullOrUndefined ??= (x) => x == null;
    util.isArray ??= Array.isArray;
    const tf = require(${JSON.stringify(pkg)});
    const f = (x) => tf.conv2d(tf.matMul(x, x).reshape([1, 4, 4, 1]), tf.ones([3, 3, 1, 1]), 1, 'same').sum();
    const sum = tf.grad(f)(tf.eye(4)).sum().dataSync()[0];
    const { operations } = require(${JSON.stringify(join(pkg, 'lib/napi-v8/kernels.node'))});
    const three = tf.backend().executeSingleOutput('Dr2netDequantize', [], [tf.tensor1d([6], 'int32'), tf.scalar(0.5)]);
    if (three.dataSync()[0] !== 3) throw new Error('wrong result of our own operations ' + operations);
    const stats = require(${JSON.stringify(join(pkg, 'lib/napi-v8/memstats.node'))}).read('cpu');
    if (tf.getBackend() !== 'tensorflow' || Math.abs(sum - 200) > 1e-3) throw new Error('wrong result ' + sum);
    if (!(stats.peakBytesInUse > 0)) throw new Error('no allocator statistics');
    console.log('TensorFlow ' + tf.backend().binding.TF_Version + ', GPU ' + tf.backend().isUsingGpuDevice);`;
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3', TF_CPU_ALLOCATOR_USE_BFC: '1' };
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', script], { env, encoding: 'utf8' });
  if (status !== 0) refuse(`${KINDS[kind].npm} was built, but does not work:`, stderr);
  say(`${KINDS[kind].npm} works: ${stdout.trim()}`);
}

const args = process.argv.slice(2);
const force = args.includes('--force');
const [kind = 'cpu', ...rest] = args.filter((arg) => arg !== '--force');
if (!(kind in KINDS) || rest.length > 0) refuse(`usage: pnpm native [cpu|gpu] [--force]; got ${args.join(' ')}`);
const pkg = packageFolder(KINDS[kind].npm);
const home = join(root, '.native', kind);
const stamp = stampOf(kind, pkg);
if (force || readText(join(home, 'stamp')) !== stamp) {
  requireTools();
  build(kind, pkg, home, stamp);
}
link(pkg, home, force);
prove(kind, pkg);
