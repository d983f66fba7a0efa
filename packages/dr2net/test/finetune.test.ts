/** The path of a user: finetune, look at the folder, evaluate, predict, resume. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startBackend } from '@dr2net/backends';
import { memory } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseMetrics } from '../src/report.ts';
import { saveTinyModel, temporaryFolder, writeTinyClips } from './fixtures.ts';
import { run } from './run.ts';

const folder = temporaryFolder('finetune');
const at = (...parts: string[]) => join(folder.path, ...parts);
const finetune = (out: string, ...options: string[]) =>
  run(
    ...['finetune', '--model', at('model'), '--data', at('clips'), '--out', at(out), '--backend', 'wasm'],
    ...['--frames', '4', '--batch', '4', '--lr', '2e-3', '--json', ...options],
  );

beforeAll(async () => {
  await startBackend('wasm');
  await saveTinyModel(at('model'));
  await writeTinyClips(at('clips'));
});
afterAll(() => folder.remove());

describe('finetune', () => {
  it('leaves a model, a checkpoint, metrics and a report', async () => {
    const { code, json, stderr } = await finetune('first', '--epochs', '2');
    expect(code, stderr).toBe(0);
    expect(json).toMatchObject({ method: 'exact', alpha: 63 / 64, beta: 1 / 64, steps: 4, epochs: 2, backend: 'wasm' });
    expect(stderr).toContain('8 clips of 2 classes to train on, 4 to validate on (splits train and val)');
    expect(readdirSync(at('first')).sort()).toEqual(['checkpoint', 'metrics.jsonl', 'model', 'report.html']);
    const log = parseMetrics(readFileSync(at('first', 'metrics.jsonl'), 'utf8'));
    expect(log.steps.map(({ step }) => step)).toEqual([1, 2, 3, 4]);
    expect(log.steps.every(({ activationBytes, deviceBytes }) => activationBytes! > 0 && deviceBytes! > 0)).toBe(true);
    expect(log.epochs.map(({ validation }) => validation?.samples)).toEqual([4, 4]);
    expect(log.epochs[1]!.trainLoss).toBeCloseTo((log.steps[2]!.loss + log.steps[3]!.loss) / 2, 6);
    expect(log.evaluation?.classes).toEqual(['left', 'right']);
    expect(log.memory?.timeline.length).toBeGreaterThan(10);
    const report = readFileSync(at('first', 'report.html'), 'utf8');
    for (const title of ['Loss', 'Accuracy', 'Memory over one step', 'Confusion matrix'])
      expect(report).toContain(title);
  });

  it('is evaluated on clips read as in training, unless told otherwise', async () => {
    const { code, stderr } = await finetune(
      'dense',
      ...['--steps', '2', '--fit', 'squash', '--sampling', 'dense', '--stride', '1'],
    );
    expect(code, stderr).toBe(0);
    const config = JSON.parse(readFileSync(at('dense', 'model', 'config.json'), 'utf8'));
    expect(config.clip_input).toEqual({ fit: 'squash', sampling: 'dense', stride: 1 });
    const trained = parseMetrics(readFileSync(at('dense', 'metrics.jsonl'), 'utf8')).evaluation!.loss;
    const evaluate = [
      'evaluate',
      '--model',
      at('dense', 'model'),
      '--data',
      at('clips'),
      '--backend',
      'wasm',
      '--json',
    ];
    expect((await run(...evaluate)).json.loss).toBeCloseTo(trained, 5);
    const otherwise = (await run(...evaluate, '--sampling', 'uniform')).json.loss as number;
    expect(Math.abs(otherwise - trained)).toBeGreaterThan(1e-4);
    expect((await run(...evaluate, '--sampling', 'uniform', '--stride', '2')).stderr).toContain(
      '--stride 2 belongs to --sampling dense',
    );
  });

  it('saves what evaluate, predict and info then use', async () => {
    const evaluated = await run(
      ...['evaluate', '--model', at('first', 'model'), '--data', at('clips'), '--backend', 'wasm', '--json'],
    );
    expect(evaluated.code, evaluated.stderr).toBe(0);
    const log = parseMetrics(readFileSync(at('first', 'metrics.jsonl'), 'utf8'));
    expect(evaluated.json).toMatchObject({ clips: 4, labels: ['left', 'right'], alpha: 63 / 64, beta: 1 / 64 });
    // The saved weights are those that were validated last, so all figures are the same.
    expect(evaluated.json.loss).toBeCloseTo(log.evaluation!.loss, 5);
    expect(evaluated.json.confusion).toEqual(log.evaluation!.confusion);

    const clip = at('clips', 'val', 'left', '0.mp4');
    const predicted = await run('predict', '--model', at('first', 'model'), clip, '--backend', 'wasm', '--json');
    const [prediction] = predicted.json.predictions as { file: string; classes: { probability: number }[] }[];
    expect(prediction?.file).toBe(clip);
    expect(prediction!.classes.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 5);

    const info = await run('info', at('first', 'model'), '--json');
    expect(info.json).toMatchObject({
      architecture: 'inflated',
      subBlocks: 4,
      missingTensors: [],
      training: { coefficients: { alpha: 63 / 64, beta: 1 / 64 }, method: { name: 'exact' } },
    });
  });

  it.each([
    ['conventional', { alpha: 1, beta: 0 }],
    ['checkpoint', { alpha: 1, beta: 0 }],
    ['frozen', { alpha: 1, beta: 0 }],
    // `dynamic` is its default schedule.
    ['reversible', { alpha: 0.4, beta: 0.7 }],
  ])('runs by the method %s', async (method, coefficients) => {
    const { code, json, stderr } = await finetune(`by-${method}`, '--steps', '3', '--method', method, '--no-inspect');
    expect(code, stderr).toBe(0);
    expect(json.method).toBe(method);
    expect(json.alpha).toBeCloseTo(coefficients.alpha, 6);
    expect(json.beta).toBeCloseTo(coefficients.beta, 6);
  });

  it('takes schedules, optimizers and augmentation from the command line', async () => {
    const { code, json, stderr } = await finetune(
      ...['options', '--steps', '4', '--schedule', 'authors:unit=steps,end=4,every=1', '--lr-schedule', 'step:at=50%'],
      ...['--optimizer', 'sgd', '--momentum', '0.5', '--update', 'sink', '--clip', '1', '--label-smoothing', '0.1'],
      ...[
        '--mixup',
        '0.8',
        '--no-flip',
        '--colour-jitter',
        '0.4',
        '--erase',
        '0.5',
        '--ema',
        '0.9',
        '--val-share',
        '0',
      ],
    );
    expect(code, stderr).toBe(0);
    expect(json.alpha).toBeLessThan(1);
    const { steps, settings } = parseMetrics(readFileSync(at('options', 'metrics.jsonl'), 'utf8'));
    expect(steps.map(({ learningRate }) => learningRate)).toEqual([2e-3, 2e-3, 2e-4, 2e-4]);
    expect(settings).toMatchObject({ flip: false, mixup: 0.8, optimizer: 'sgd' });
  });

  it('does not depend on when checkpoints are made, and a finished run can be resumed', async () => {
    const losses = (out: string) =>
      parseMetrics(readFileSync(at(out, 'metrics.jsonl'), 'utf8')).steps.map(({ loss }) => loss);
    expect((await finetune('whole', '--steps', '5', '--seed', '3')).code).toBe(0);
    expect((await finetune('often', '--steps', '5', '--seed', '3', '--checkpoint-every', '2')).code).toBe(0);
    expect(losses('often')).toEqual(losses('whole'));
    const again = await finetune('often', '--steps', '5', '--seed', '3', '--resume');
    expect(again.code, again.stderr).toBe(0);
    expect(losses('often')).toEqual(losses('whole'));
  });

  it('leaves no tensor behind, also when it fails', async () => {
    await finetune('leak-1', '--steps', '1');
    const before = memory().numTensors;
    await finetune('leak-2', '--steps', '1');
    const failed = await finetune('leak-3', '--steps', '1', '--head', 'checkpoint');
    expect(failed.code).toBe(2);
    expect(existsSync(at('leak-3', 'model'))).toBe(false);
    expect(memory().numTensors).toBe(before);
  });
});
