import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const script = join(dirname(fileURLToPath(import.meta.url)), '../../../scripts/native.mjs');
const run = (args: string[], path = process.env.PATH) =>
  spawnSync(process.execPath, [script, ...args], { encoding: 'utf8', env: { ...process.env, PATH: path } });

test.runIf(process.platform === 'linux' && process.arch === 'x64')(
  'without its tools it names them all, with the packages that have them',
  () => {
    const { status, stderr } = run(['cpu', '--force'], '/nonexistent');
    expect(status).toBe(1);
    expect(stderr).toContain('missing: python3 (3.8 or newer), pip for python3, g++ (9 or newer), strip.');
    expect(stderr).toContain('apt-get install python3 python3-pip g++ binutils');
  },
);

test.each([[['tpu']], [['cpu', 'gpu']]])('arguments %j are refused with the usage', (args) => {
  const { status, stderr } = run(args);
  expect(status).toBe(1);
  expect(stderr).toContain('usage: pnpm native [cpu|gpu] [--force]');
});
