/** A run that is killed at any moment goes on as if it had not been: its later losses have the same bits. */
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { random } from './toy.ts';

const steps = 40;
const script = fileURLToPath(new URL('child.ts', import.meta.url));
let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'dr2net-kill-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Runs the child and gives its losses by step; kills it `after` ms after its first step when that is a number. */
function child(
  folder: string,
  how: 'new' | 'resume',
  after?: number,
): Promise<{ losses: Map<number, string>; killed: boolean }> {
  return new Promise((resolve, reject) => {
    const process_ = spawn(
      process.execPath,
      ['--conditions=@dr2net/source', '--import', 'tsx', script, folder, `${steps}`, how],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let [out, errors] = ['', ''];
    let timer: NodeJS.Timeout | undefined;
    process_.stderr.on('data', (data) => {
      errors += data;
    });
    process_.stdout.on('data', (data) => {
      out += data;
      if (after !== undefined && !timer && out.includes('saved'))
        timer = setTimeout(() => process_.kill('SIGKILL'), after);
    });
    process_.on('close', (code, signal) => {
      clearTimeout(timer);
      if (code !== 0 && signal !== 'SIGKILL') return reject(new Error(`The child ended with ${code}: ${errors}`));
      const lines = out
        .split('\n')
        .slice(0, -1)
        .filter((line) => /^\d/.test(line));
      const losses = new Map(lines.map((line) => [Number(line.split(' ')[0]), line.split(' ')[1] ?? '']));
      resolve({ losses, killed: signal === 'SIGKILL' });
    });
  });
}

test('killed again and again, the losses are those of the run that was not', async () => {
  const whole = await child(join(root, 'whole'), 'new');
  expect([...whole.losses.keys()]).toEqual(Array.from({ length: steps }, (_, i) => i + 1));

  const seed = Date.now() % 1e6;
  const next = random(seed);
  const folder = join(root, 'killed');
  const seen = new Map<number, string>();
  let kills = 0;
  for (let attempt = 0; attempt < 4; attempt++) {
    // The first at once: a machine may be so fast that the run ends before a later one.
    const delay = attempt === 0 ? 0 : (next() + 1) * 150;
    const { losses, killed } = await child(folder, 'resume', delay);
    for (const [step, loss] of losses) {
      // A step may be made twice, when the kill fell between it and its checkpoint: then it has the same bits too.
      expect(seen.get(step) ?? loss, `step ${step}, seed ${seed}`).toBe(loss);
      seen.set(step, loss);
    }
    if (!killed) break;
    kills++;
  }
  const { losses } = await child(folder, 'resume');
  for (const [step, loss] of losses) seen.set(step, loss);
  expect(kills, `seed ${seed}`).toBeGreaterThan(0);
  expect(
    [...seen].sort(([a], [b]) => a - b),
    `seed ${seed}`,
  ).toEqual([...whole.losses]);
  // What a kill left behind was overwritten and renamed.
  expect(await readdir(folder)).toEqual(['checkpoint.safetensors']);
});
