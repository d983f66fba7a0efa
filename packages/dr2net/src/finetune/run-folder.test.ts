import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StepRecord } from '../report/run-log.ts';
import { RunFolder } from './run-folder.ts';

let base = '';
beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'dr2net-run-'));
});
afterAll(() => {
  rmSync(base, { recursive: true });
});

const step = (n: number): StepRecord => ({
  kind: 'step',
  step: n,
  epoch: n,
  samples: 4,
  loss: 1 / n,
  learningRate: 0.1,
  alpha: 1,
  beta: 0,
  seconds: 1,
});

describe('the folder of a run', () => {
  it('is made, with the folders above it, and leaves no probe behind', async () => {
    const path = join(base, 'a', 'b');
    const folder = await RunFolder.open(path, {});
    folder.append(step(1));
    folder.writeReport('a run');
    folder.close();
    expect(readdirSync(path).sort()).toEqual(['metrics.jsonl', 'report.html']);
    expect(readFileSync(join(path, 'metrics.jsonl'), 'utf8')).toBe(`${JSON.stringify(step(1))}\n`);
    expect(readFileSync(join(path, 'report.html'), 'utf8')).toContain('<h1>a run</h1>');
  });

  it('is not taken when it holds a run, a file or something else', async () => {
    await expect(RunFolder.open(join(base, 'a', 'b'), {})).rejects.toThrow(
      /holds a run already.*--resume.*--overwrite/,
    );
    await expect(RunFolder.open(join(base, 'a'), {})).rejects.toThrow(/not empty \(b\)/);
    writeFileSync(join(base, 'file'), '');
    await expect(RunFolder.open(join(base, 'file'), {})).rejects.toThrow(/is a file/);
  });

  it('is emptied with overwrite, but never of what is not a run', async () => {
    const path = join(base, 'over');
    const first = await RunFolder.open(path, {});
    first.append(step(1));
    first.close();
    const second = await RunFolder.open(path, { overwrite: true });
    // Not before the new run begins: it may be refused yet.
    expect(existsSync(join(path, 'metrics.jsonl'))).toBe(true);
    await second.begin();
    expect(existsSync(join(path, 'metrics.jsonl'))).toBe(false);
    second.append(step(1));
    second.close();
    writeFileSync(join(path, 'thesis.tex'), 'precious');
    await expect(RunFolder.open(path, { overwrite: true })).rejects.toThrow(/thesis\.tex.*not deleted/);
    expect(existsSync(join(path, 'metrics.jsonl'))).toBe(true);
    await expect(RunFolder.open(base, { overwrite: true })).rejects.toThrow(/holds no run/);
  });

  it('keeps what the run reads, and a model that is no run of its own', async () => {
    const path = join(base, 'model-in-it');
    const first = await RunFolder.open(path, {});
    await mkdir(first.model);
    first.close();
    await expect(RunFolder.open(path, {})).rejects.toThrow(/not empty \(model\)/);
    await expect(RunFolder.open(path, { overwrite: true })).rejects.toThrow(/holds no run \(model\).*not deleted/);
    first.append(step(1));
    const reads = { '--model': first.model, '--val': undefined };
    await expect(RunFolder.open(path, { overwrite: true }, reads)).rejects.toThrow(
      /would delete --model \S+model, which this run needs/,
    );
    (
      await RunFolder.open(path, { overwrite: true }, { '--model': join(base, 'model-in-it-too'), '--data': base })
    ).close();
  });

  it('is not the folder at hand where its name is empty', () =>
    expect(RunFolder.open('', {})).rejects.toThrow(/--out is empty/));

  it('goes on with a run only where there is a checkpoint', async () => {
    const path = join(base, 'resume');
    await expect(RunFolder.open(path, { resume: true })).rejects.toThrow(/no checkpoint/);
    await expect(RunFolder.open(path, { resume: true, overwrite: true })).rejects.toThrow(/one of them/);
    const first = await RunFolder.open(path, {});
    await mkdir(first.checkpoint);
    for (const n of [1, 2, 3]) first.append(step(n));
    writeFileSync(join(path, 'metrics.jsonl'), '{"kind":"step","st', { flag: 'a' });
    first.close();
    const second = await RunFolder.open(path, { resume: true });
    second.keepUpTo(2);
    second.append({ ...step(3), loss: 42 });
    const lines = readFileSync(join(path, 'metrics.jsonl'), 'utf8').trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as StepRecord).loss)).toEqual([1, 0.5, 42]);
  });

  it("is one run's at a time; what a killed one left is taken over", async () => {
    const path = join(base, 'shared');
    const first = await RunFolder.open(path, {});
    await expect(RunFolder.open(path, {})).rejects.toThrow(new RegExp(`in use by process ${process.pid}`));
    first.close();
    // No process has so high a number.
    writeFileSync(join(path, '.lock'), `${2 ** 30} ${hostname()}`);
    (await RunFolder.open(path, {})).close();
    for (const left of [`${process.pid} ${hostname()}`, `${process.ppid} elsewhere`]) {
      writeFileSync(join(path, '.lock'), left);
      (await RunFolder.open(path, {})).close();
    }
    writeFileSync(join(path, '.lock'), `${process.ppid} ${hostname()}`);
    await expect(RunFolder.open(path, {})).rejects.toThrow(/in use by process/);
  });

  // root may write everywhere
  it.skipIf(process.getuid?.() === 0)('must be writable', async () => {
    const path = join(base, 'locked');
    await mkdir(path);
    chmodSync(path, 0o500);
    await expect(RunFolder.open(path, {})).rejects.toThrow(/cannot be written/);
  });

  it('cannot lie below a file', async () => {
    await expect(RunFolder.open(join(base, 'file', 'below'), {})).rejects.toThrow(/cannot be written.*ENOTDIR/);
  });
});
