/** The program as a process: exit codes, what goes to which stream, Ctrl-C and going on after it. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startBackend } from '@dr2net/backends';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseMetrics } from '../src/report.ts';
import { saveTinyModel, temporaryFolder, writeTinyClips } from './fixtures.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = temporaryFolder('spawn');
const at = (...parts: string[]) => join(folder.path, ...parts);

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param imports modules that are loaded before the program */
function dr2net(args: readonly string[], ...imports: string[]): Promise<Ended> {
  const loaded = ['tsx', ...imports].flatMap((module) => ['--import', module]);
  const child = spawn(
    process.execPath,
    ['--conditions=@dr2net/source', ...loaded, join(root, 'src', 'cli.ts'), ...args],
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/**
 * A module that sends its own process a signal once a step has been recorded. From outside, on a busy machine, a signal may come when
 * the run has ended.
 */
const signalAfter = (step: number, out: string, signal: NodeJS.Signals) =>
  `data:text/javascript,${encodeURIComponent(`
    import { existsSync, readFileSync } from 'node:fs';
    const file = ${JSON.stringify(at(out, 'metrics.jsonl'))};
    const timer = setInterval(() => {
      if (!existsSync(file) || !readFileSync(file, 'utf8').includes('"kind":"step","step":${step},')) return;
      clearInterval(timer);
      process.kill(process.pid, '${signal}');
    }, 1).unref();
  `)}`;

beforeAll(async () => {
  await startBackend('wasm');
  await saveTinyModel(at('model'));
  await writeTinyClips(at('clips'), 3, 1);
});
afterAll(() => folder.remove());

it('ends quietly when the reader of its output has gone (dr2net --help | head -1)', async () => {
  const child = spawn(
    process.execPath,
    ['--conditions=@dr2net/source', '--import', 'tsx', join(root, 'src', 'cli.ts'), '--help'],
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  child.stdout.destroy();
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});

const finetune = (out: string, ...options: string[]) => [
  ...['finetune', '--model', at('model'), '--data', at('clips'), '--out', at(out), '--backend', 'wasm'],
  ...['--frames', '4', '--batch', '2', '--steps', '12', '--lr', '1e-3', '--no-inspect', ...options],
];
const losses = (out: string) => {
  const { steps } = parseMetrics(readFileSync(at(out, 'metrics.jsonl'), 'utf8'));
  return steps.map(({ step, loss }) => [step, loss]);
};

/** Steps as the lines of the file have them, those done twice twice. */
const stepLines = (out: string) =>
  readFileSync(at(out, 'metrics.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line.includes('"kind":"step"'))
    .map((line) => (JSON.parse(line) as { step: number }).step);
const twelve = Array.from({ length: 12 }, (_, i) => i + 1);

describe.concurrent('the process', () => {
  it('prints help, its version, and exit codes', async () => {
    const [help, version] = await Promise.all([dr2net(['finetune', '--help']), dr2net(['--version'])]);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toContain('130  interrupted (Ctrl-C, SIGTERM); finetune saves first');
    expect(version).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });

  it('ends with 2 for bad input, in one line without a stack trace; --debug shows it', async () => {
    const args = ['info', at('nowhere')];
    const [plain, debug] = await Promise.all([dr2net(args), dr2net([...args, '--debug'])]);
    expect(plain.code).toBe(2);
    expect(plain.stdout).toBe('');
    expect(plain.stderr).toMatch(/^error: .*nowhere is no model folder[^\n]*\n$/);
    expect(debug.stderr).toMatch(/^\s+at .*\.ts/m);
  });

  it('with --json prints one object on standard output and nothing else', async () => {
    const { code, stdout, stderr } = await dr2net(finetune('json', '--json', '--steps', '1'));
    expect(code, stderr).toBe(0);
    expect(stdout.trim().split('\n')).toHaveLength(1);
    expect(JSON.parse(stdout)).toMatchObject({ steps: 1, method: 'exact', evaluation: { clips: 2 } });
    expect(stderr).toContain('step 1/1');
  });
});

it('SIGTERM, which schedulers send before they kill, saves as Ctrl-C does', async () => {
  const stopped = await dr2net(finetune('terminated'), signalAfter(1, 'terminated', 'SIGTERM'));
  expect(stopped.code, stopped.stderr).toBe(130);
  expect(stopped.stderr).toContain('To go on, run the same command with --resume');
  expect(existsSync(at('terminated', 'checkpoint', 'checkpoint.safetensors'))).toBe(true);
});

it('Ctrl-C saves, ends with 130 and says how to go on; then the losses are those of a run that was never stopped', async () => {
  const [whole, stopped] = await Promise.all([
    dr2net(finetune('whole')),
    dr2net(finetune('stopped'), signalAfter(1, 'stopped', 'SIGINT')),
  ]);
  expect(whole.code, whole.stderr).toBe(0);
  expect(stopped.code, stopped.stderr).toBe(130);
  expect(stopped.stderr).toMatch(
    /To go on, run the same command with --resume:\n {2}(npx )?dr2net finetune .* --resume/,
  );
  expect(stopped.stderr).not.toMatch(/^\s+at /m);
  const before = losses('stopped').length;
  expect(before).toBeGreaterThan(0);
  expect(before).toBeLessThan(12);
  expect(existsSync(at('stopped', 'report.html'))).toBe(true);
  expect(existsSync(at('stopped', 'model'))).toBe(false);

  const resumed = await dr2net(finetune('stopped', '--resume'));
  expect(resumed.code, resumed.stderr).toBe(0);
  expect(losses('stopped')).toEqual(losses('whole'));
  expect(stepLines('stopped')).toEqual(twelve);
  expect(existsSync(at('stopped', 'model', 'model.safetensors'))).toBe(true);
});

it('a run that goes on leaves out the broken clips that it left out before', async () => {
  const clips = await writeTinyClips(at('broken'), 4, 1);
  truncateSync(join(clips, 'train', 'left', '1.mp4'), 600);
  const args = (out: string, ...options: string[]) =>
    finetune(out, '--data', clips, '--on-bad-clip', 'skip', '--checkpoint-every', '1', ...options).filter(
      (arg) => arg !== '--no-inspect',
    );
  const [whole, killed] = await Promise.all([
    dr2net(args('broken-whole')),
    dr2net(args('broken-killed'), signalAfter(4, 'broken-killed', 'SIGKILL')),
  ]);
  expect(whole.code, whole.stderr).toBe(0);
  expect(whole.stderr).toContain('1 of 8 clips are skipped');
  expect(killed.code).toBe(null);
  const resumed = await dr2net(args('broken-killed', '--resume'));
  expect(resumed.code, resumed.stderr).toBe(0);
  expect(losses('broken-killed')).toEqual(losses('broken-whole'));
});

it('killed between two checkpoints a run goes on from the earlier one', async () => {
  const killed = await dr2net(finetune('killed', '--checkpoint-every', '2'), signalAfter(5, 'killed', 'SIGKILL'));
  expect(killed.code).toBe(null);
  const resumed = await dr2net(finetune('killed', '--checkpoint-every', '2', '--resume'));
  expect(resumed.code, resumed.stderr).toBe(0);
  expect(losses('killed')).toEqual(losses('whole'));
  expect(stepLines('killed')).toEqual(twelve);
});
