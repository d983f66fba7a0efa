/** Finetuning a segmenter on WebGPU, where `exact` learns the states' range from step to step: from the first step on, and by auto anchors. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testBackends } from '@dr2net/testing';
import { memory } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseMetrics } from '../src/report.ts';
import { gardenFiles, saveTinyModel, temporaryFolder } from './fixtures.ts';
import { run } from './run.ts';

const folder = temporaryFolder('pointcloud-webgpu');
const at = (...parts: string[]) => join(folder.path, ...parts);
afterAll(() => folder.remove());

describe.each(await testBackends(['webgpu']))('on $name', ({ name, available, start }) => {
  beforeAll(async () => {
    if (!available) return;
    await start();
    await saveTinyModel(at('model'));
    mkdirSync(at('gardens', 'north', 'one', 'Annotations'), { recursive: true });
    for (const [file, content] of Object.entries(gardenFiles(0)))
      writeFileSync(at('gardens', 'north', 'one', 'Annotations', file), content);
  });

  const finetune = (out: string, ...options: string[]) =>
    run(
      ...['finetune', '--task', 'pointcloud', '--model', at('model'), '--data', at('gardens'), '--out', at(out)],
      ...['--val-share', '0', '--steps', '4', '--points', '64', '--group-size', '8', '--batch', '4', '--lr', '3e-3'],
      ...['--layer-decay', '1', '--dropout', '0', '--backend', name, '--json', ...options],
    );

  const lossesOf = (out: string) =>
    parseMetrics(readFileSync(at(out, 'metrics.jsonl'), 'utf8')).steps.map(({ loss }) => loss);

  it
    .skipIf(!available)
    .each([
      [['--method', 'exact', '--verify']],
      [['--method', 'exact', '--verify', '--shift', 'branch', '--update', 'sink']],
      [['--method', 'reversible', '--alpha', '0.9', '--beta', '0.1']],
    ])('trains by %j from the first step on, with the losses of the conventional network', async (options) => {
    const before = memory().numTensors;
    const out = options.join('');
    const { code, json, stderr } = await finetune(out, ...options);
    expect(code, stderr).toBe(0);
    expect(json).toMatchObject({ method: options[1], steps: 4, backend: 'webgpu' });
    expect(stderr).not.toMatch(/warning|again/);
    expect(memory().numTensors).toBe(before);

    const { alpha, beta } = json as { alpha: number; beta: number };
    const others = options.filter((option, i) => /shift|update/.test(`${option} ${options[i - 1]}`));
    const wiring = ['--method', 'conventional', '--alpha', String(alpha), '--beta', String(beta)];
    const conventional = await finetune(`${out}-conventional`, ...wiring, ...others);
    expect(conventional.code, conventional.stderr).toBe(0);
    const expected = lossesOf(`${out}-conventional`);
    expect(expected.length).toBe(4);
    for (const [step, loss] of lossesOf(out).entries()) expect(Math.abs(loss / expected[step]! - 1)).toBeLessThan(1e-3);
  });
});
