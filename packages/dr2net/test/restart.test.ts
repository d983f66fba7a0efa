/** A graphics device that is lost in the middle of a run: the command starts another and goes on. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { currentBackend, DeviceLostError, startBackend } from '@dr2net/backends';
import { testBackends } from '@dr2net/testing';
import { StepFailedError } from '@dr2net/train';
import { findBackend } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { FinetuneOutcome, FinetuneSettings } from '../src/finetune/finetune.ts';
import { finetuneWithRestarts } from '../src/finetune/restart.ts';
import { parseMetrics } from '../src/report.ts';
import { saveTinyModel, temporaryFolder, writeTinyClips } from './fixtures.ts';
import { run } from './run.ts';

const folder = temporaryFolder('restart');
const at = (...parts: string[]) => join(folder.path, ...parts);
afterAll(() => folder.remove());

const lossAt = (step: number | undefined) =>
  new StepFailedError(
    { step: 9, ids: [], lastCheckpoint: step === undefined ? undefined : { path: 'somewhere', step } },
    new DeviceLostError('webgpu', 'a card', 'gone'),
  );

describe('a run whose device is lost', () => {
  const output = { note: vi.fn() } as unknown as Parameters<typeof finetuneWithRestarts>[1];
  const settings = {} as FinetuneSettings;
  const attempts = (...errors: (Error | undefined)[]) => {
    const asked: FinetuneSettings[] = [];
    const run = async (given: FinetuneSettings): Promise<FinetuneOutcome> => {
      asked.push(given);
      const error = errors[asked.length - 1];
      if (error) throw error;
      return { lines: ['done'] } as unknown as FinetuneOutcome;
    };
    const stop = new AbortController();
    return { asked, result: finetuneWithRestarts(settings, output, stop.signal, run) };
  };

  it('goes on from each newer checkpoint', async () => {
    const { asked, result } = attempts(lossAt(2), lossAt(4), undefined);
    expect(await result).toEqual({ lines: ['done'] });
    expect(asked).toEqual([{}, { resume: true }, { resume: true }]);
  });

  it('stops where there is no checkpoint, where none came since, and for other errors', async () => {
    await expect(attempts(lossAt(undefined)).result).rejects.toThrow('There is no checkpoint yet.');
    await expect(attempts(lossAt(2), lossAt(2)).result).rejects.toThrow('has lost its device, a card (gone)');
    await expect(attempts(new Error('other')).result).rejects.toThrow('other');
  });
});

describe.each(await testBackends(['webgpu']))('$name', ({ available }) => {
  describe.skipIf(!available)('finetune', () => {
    beforeAll(async () => {
      await startBackend('wasm');
      await saveTinyModel(at('model'));
      await writeTinyClips(at('clips'));
    });
    afterAll(() => currentBackend()?.dispose());

    it('goes on with a new device when one is lost', async () => {
      let lost = 0;
      const watch = setInterval(() => {
        if (lost > 0 || !existsSync(at('run', 'checkpoint', 'checkpoint.safetensors'))) return;
        lost++;
        (findBackend('webgpu') as unknown as { device: GPUDevice }).device.destroy();
      }, 1);
      const { code, stderr, json } = await run(
        ...['finetune', '--model', at('model'), '--data', at('clips'), '--out', at('run'), '--backend', 'webgpu'],
        ...['--frames', '4', '--batch', '4', '--steps', '8', '--checkpoint-every', '1', '--val-share', '0', '--json'],
      ).finally(() => clearInterval(watch));
      expect(code, stderr).toBe(0);
      expect(lost).toBe(1);
      expect(stderr).toMatch(/has lost its device, .+\nA new device is started, and the run goes on from step \d+\./);
      expect(json).toMatchObject({ steps: 8, backend: 'webgpu' });
      const { steps } = parseMetrics(readFileSync(at('run', 'metrics.jsonl'), 'utf8'));
      expect(steps.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    });
  });
});
