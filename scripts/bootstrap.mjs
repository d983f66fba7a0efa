// What `npm start` and `npm test` run: from a bare clone, with Node and npm only, to the job itself.
// Brings the pinned pnpm (into .tools/), installs from the lock file, builds what changed, and runs. Again is quick.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const tools = join(root, '.tools');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const [job, ...rest] = process.argv.slice(2);

/** Runs a command with our standard streams; ends this process when it fails. */
function run(command, args, what) {
  const { status, signal, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (signal === 'SIGINT' || status === 130) process.exit(130);
  if (error) fail(`${what} could not be started: ${error.message}`);
  if (status !== 0) fail(`${what} failed${signal ? ` (${signal})` : ` with exit code ${status}`}.`);
}

function fail(message) {
  console.error(`\n${message}`);
  process.exit(1);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    fail(`Node ${process.versions.node} is too old: this project needs Node 20.19 or newer.`);
}

/** The path of the pinned pnpm's entry, installed from the npm registry when it is not there yet. */
function pnpm() {
  const version = manifest.packageManager.replace('pnpm@', '');
  const folder = join(tools, `pnpm-${version}`);
  const entry = join(folder, 'node_modules', 'pnpm', 'bin', 'pnpm.cjs');
  if (!existsSync(entry)) {
    console.log(`Fetching pnpm ${version} …`);
    mkdirSync(folder, { recursive: true });
    const npm = process.env.npm_execpath?.endsWith('.js') ? [process.execPath, process.env.npm_execpath] : ['npm'];
    const args = ['install', '--prefix', folder, '--no-audit', '--no-fund', '--no-save', `pnpm@${version}`];
    run(npm[0], [...npm.slice(1), ...args], 'Fetching pnpm from the npm registry');
  }
  return entry;
}

/** Installs the dependencies when the lock file or a package.json changed since the last time. */
function install(entry) {
  const hash = createHash('sha256').update(process.version);
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json'])
    hash.update(readFileSync(join(root, file)));
  const stamp = join(root, 'node_modules', '.dr2net-installed');
  const digest = hash.digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  run(process.execPath, [entry, 'install', '--frozen-lockfile'], 'Installing the dependencies');
  writeFileSync(stamp, digest);
}

const jobs = {
  install() {},
  start(turbo) {
    turbo(['run', 'build', '--filter=./apps/start...', '--output-logs=errors-only']);
    run(process.execPath, [join(root, 'apps', 'start', 'dist', 'main.js'), ...rest], 'The example');
  },
  test(turbo, entry) {
    run(process.execPath, [entry, 'run', 'check'], 'The checks (format, imports, unused code)');
    turbo(['run', 'build', 'typecheck', 'lint:package', '--output-logs=errors-only']);
    turbo(['run', 'test', '--concurrency=1', '--output-logs=new-only']);
  },
};

checkNode();
if (!(job in jobs)) fail(`Unknown job "${job}": one of ${Object.keys(jobs).join(', ')}.`);
const entry = pnpm();
// Tools that call pnpm find the pinned one first.
process.env.PATH = `${join(dirname(entry), '..', '..', '.bin')}:${process.env.PATH}`;
process.env.TURBO_TELEMETRY_DISABLED = '1';
process.env.TURBO_NO_UPDATE_NOTIFIER = '1';
install(entry);
jobs[job]((args) => run(process.execPath, [entry, 'exec', 'turbo', ...args], `turbo ${args.join(' ')}`), entry);
