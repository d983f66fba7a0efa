/** What is kept of an interrupted or failed benchmark, what is refused. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InterruptedError } from 'jobs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Case, caseName } from '../case.ts';
import { fakeCase, fakeMeasurement } from '../fake.ts';
import { ResultError } from '../result.ts';
import type { SubjectName } from '../subjects/names.ts';
import { slug } from './backends.ts';
import { readFailures, readResults, resultTable } from './files.ts';
import { ProgressLine, progressLine, readProgress } from './progress.ts';
import { runCases } from './run.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dr2net-bench-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const one = (subject: SubjectName, changes: Partial<Case> = {}): Case => ({ ...fakeCase, subject, ...changes });
const measure = async (given: Case) => fakeMeasurement(given);

describe('a run', () => {
  it('keeps what was measured, and goes on after an interruption or a failure', async () => {
    const calls: string[] = [];
    const list = [one('plain'), one('reversible'), one('exact')];
    const failing = (stop?: Error) => async (given: Case) => {
      calls.push(given.subject);
      if (stop && given.subject === 'reversible') throw stop;
      return fakeMeasurement(given);
    };
    const interrupted = runCases(list, { folder, measure: failing(new InterruptedError('SIGINT')) });
    await expect(interrupted).rejects.toBeInstanceOf(InterruptedError);
    const partly = await runCases(list, { folder, measure: failing(new Error('no memory')) });
    expect(partly.results.map(({ case: { subject } }) => subject)).toEqual(['plain', 'exact']);
    expect(partly.failures).toEqual([{ case: list[1], reason: 'no memory' }]);
    expect(readFailures(folder)).toMatchObject(partly.failures);
    expect(resultTable(readResults(folder), readFailures(folder))).toMatch(
      /\| reversible \|.* NOT MEASURED: no memory \|\n/,
    );
    expect((await runCases(list, { folder, measure: failing() })).results).toHaveLength(3);
    expect(readFailures(folder)).toEqual([]);
    expect(calls).toEqual(['plain', 'reversible', 'reversible', 'exact', 'reversible']);
  });

  it('lets the cases take turns over rounds, and goes on in the middle', async () => {
    const calls: string[] = [];
    const list = [one('plain'), one('exact')];
    const turns = async (given: Case) => {
      calls.push(given.subject);
      return fakeMeasurement(given);
    };
    await runCases(list, { folder, measure: turns, rounds: 2 });
    const { results } = await runCases(list, { folder, measure: turns, rounds: 3 });
    expect(calls).toEqual(['plain', 'exact', 'plain', 'exact', 'plain', 'exact']);
    expect(results.map(({ rounds, times }) => [rounds, times.step.length])).toEqual([
      [3, 9],
      [3, 9],
    ]);
  });

  it('refuses to compare with what was measured otherwise or less', async () => {
    await runCases([one('plain')], { folder, measure });
    const heads = one('plain', { size: { ...fakeCase.size, heads: 4 } });
    await expect(runCases([heads], { folder, measure })).rejects.toThrow('"heads":4');
    const longer = one('plain', { repetitions: 9 });
    await expect(runCases([longer], { folder, measure })).rejects.toThrow('with 3 repetitions, not 9');
    expect((await runCases([longer], { folder, measure, again: true })).results).toHaveLength(1);
  });

  it('refuses a broken file by its name', async () => {
    const path = join(folder, `${caseName(fakeCase)}.json`);
    writeFileSync(path, '{"schema": 2, "kind": "bench"}');
    await expect(runCases([fakeCase], { folder, measure })).rejects.toThrow(ResultError);
    await expect(runCases([fakeCase], { folder, measure })).rejects.toThrow(path);
    writeFileSync(path, '{"schema": 2');
    await expect(runCases([fakeCase], { folder, measure })).rejects.toThrow('not JSON');
  });
});

describe('a folder', () => {
  it('gives its results, those of a page too, in an order that does not depend on names', async () => {
    await runCases([one('exact'), one('plain'), one('exact', { backend: 'webgpu' })], { folder, measure });
    const results = readResults(folder);
    expect(results.map(({ case: { subject, backend } }) => `${backend} ${subject}`)).toEqual([
      'webgpu exact',
      'wasm plain',
      'wasm exact',
    ]);
    const elsewhere = join(folder, 'page');
    mkdirSync(elsewhere);
    writeFileSync(join(elsewhere, 'bench.json'), JSON.stringify({ schema: 2, kind: 'bench-results', results }));
    expect(readResults(elsewhere)).toEqual(results);
    writeFileSync(join(elsewhere, 'bench.json'), JSON.stringify({ kind: 'bench-results', results: [{}] }));
    expect(() => readResults(elsewhere)).toThrow('bench.json, result 1 is no result');
  });
});

describe('progress', () => {
  const written: string[] = [];
  const stream = (isTTY: boolean) => ({ isTTY, columns: 200, write: (text: string) => written.push(text) > 0 });

  it('passes through standard error, and other lines are none', () => {
    const progress = { what: 'timing', done: 2, of: 7 };
    expect(readProgress(progressLine(progress))).toEqual(progress);
    expect(readProgress('a library says something')).toBeUndefined();
  });

  it('is a line that changes on a terminal, and plain lines elsewhere', () => {
    for (const isTTY of [true, false]) {
      written.length = 0;
      const line = new ProgressLine(2, stream(isTTY));
      line.begin(fakeCase);
      line.update(fakeCase, { what: 'timing', done: 1, of: 3 });
      line.end(fakeCase, '1 s a step');
      const text = written.join('');
      expect(text).toContain('[1/2] reversible on wasm: 2 blocks, width 48, 17 tokens, batch 2: 1 s a step (about');
      expect(text.includes('timing 1/3')).toBe(isTTY);
      expect(text.includes('\r')).toBe(isTTY);
    }
  });
});

it.each([
  ['Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz', 'xeon'],
  ['AMD EPYC 9B14', 'epyc'],
  ['llvmpipe: Mesa 25.0.7 (LLVM 15)', 'llvmpipe'],
  ['google swiftshader', 'swiftshader'],
  ['NVIDIA H100 80GB HBM3', 'nvidia-h100'],
])('%s is %s in names of folders', (words, expected) => expect(slug(words)).toBe(expected));
