/** The command itself, on a tiny network. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkResult } from 'bench-core';
import { ChildError, runNode } from 'jobs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dr2net-bench-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the command', () => {
  const entry = fileURLToPath(new URL('../main.ts', import.meta.url));
  const bench = (...args: string[]) =>
    runNode(['--conditions=@dr2net/source', '--import', 'tsx', entry, ...args], { onLine: () => {} });

  it('measures, writes result files and a table, and takes them from there again', async () => {
    const args = [
      '--scenario',
      'quick',
      '--backend',
      'wasm',
      '--depth',
      '1',
      '--method',
      'plain,jax,conventional,exact',
    ];
    const output = JSON.parse(await bench(...args, '--out', folder, '--json'));
    expect(output).toMatchObject({ schema: 2, kind: 'bench-table', failures: [] });
    const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
    expect(files).toHaveLength(4);
    for (const file of files) checkResult(JSON.parse(readFileSync(join(folder, file), 'utf8')), file);
    const table = readFileSync(join(folder, 'bench.md'), 'utf8');
    expect(table).toContain('rebuilt bit for bit');
    expect(table).toMatch(/\| jax \|.*gradients = conventional/);
    expect(await bench(...args, '--out', folder)).toBe(table.trimEnd());
    expect(readFileSync(join(folder, 'report.html'), 'utf8')).toContain('All figures');
    expect(await bench('report', folder, '--title', 'Again')).toBe(table.trimEnd());
    expect(readFileSync(join(folder, 'report.html'), 'utf8')).toContain('<h1>Again</h1>');
  });

  it('finds the largest that fits, proves it, and adds it to the report', async () => {
    const args = ['--limit', '20MB', '--width', '48', '--heads', '3', '--axis', 'depth', '--method', 'exact'];
    const table = await bench('largest', '--backend', 'wasm', ...args, '--out', folder);
    expect(table).toMatch(
      /\| wasm \| 20\.0 MB \| width 48, 3 heads \| depth \| exact \| \d+ blocks? \| [\d.]+ MB \| ran: [\d.]+ MB \(wasm heap\)/,
    );
    expect(readFileSync(join(folder, 'report.html'), 'utf8')).toContain('The largest that fits');
  });

  it.each([
    [['--scenario', 'vits'], 'There is no scenario "vits"; did you mean vit-s?'],
    [['--method', 'exakt'], 'There is no method "exakt"; did you mean exact?'],
    [['--backend', 'wasn'], 'wasm'],
    [['--tokens', '200', '--backend', 'wasm'], '200 tokens cannot be had'],
    [['--scenario', 'points', '--tokens', '64', '--backend', 'wasm'], 'The scenario points has no choice of tokens'],
    [['--scenario', 'points', '--method', 'jax', '--backend', 'wasm'], 'The scenario points has no method jax'],
    [['--scenario', 'points', '--points', '100', '--backend', 'wasm'], '100 points cannot be had'],
    [['--scenario', 'small', '--points', '256', '--backend', 'wasm'], 'The scenario small has no choice of points'],
    [['--scenario', 'yolos', '--tokens', '197', '--backend', 'wasm'], 'The scenario yolos has no choice of tokens'],
    [['--scenario', 'swin', '--depth', '2', '--backend', 'wasm'], 'it has one of pixels, batch'],
    [['--scenario', 'swin', '--pixels', '300', '--backend', 'wasm'], 'multiples of 224 (nearest: 224)'],
    [['--quick', '--scenario', 'small'], 'cannot be used with'],
  ])('refuses %j', async (args, message) => {
    const failure = await bench(...args, '--out', folder).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ChildError);
    expect((failure as Error).message).toContain(message);
  });
});
