/** What a journal leaves in its folder, event by event. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StepEvent } from '@dr2net/train';
import type { RecognitionEvaluation } from '@dr2net/video';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunRecord } from '../report/run-log.ts';
import { videoTask } from '../tasks/video/task.ts';
import { Journal } from './journal.ts';
import { RunFolder } from './run-folder.ts';

let base = '';
beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'dr2net-journal-'));
});
afterAll(() => rmSync(base, { recursive: true }));

/** Two steps an epoch. */
const step = (number: number, loss = 1 / number): StepEvent => ({
  type: 'step',
  step: number,
  total: 6,
  epoch: Math.ceil(number / 2),
  loss,
  accuracy: 0.5,
  alpha: 1,
  beta: 0.1,
  method: 'exact',
  learningRate: 1e-3,
  memory: {
    startBytes: 0,
    endBytes: 0,
    peakBytes: 10,
    activationPeakBytes: 4,
    categoriesAtPeak: {},
    phases: [],
    timeline: [{ seconds: 0, bytes: 10, activationBytes: 4, phase: 'forward' }],
  },
  samples: number % 2 === 1 ? 3 : 1,
  samplesPerSecond: 1,
  seconds: 1,
  secondsLeft: 1,
});

const evaluation: RecognitionEvaluation = {
  loss: 2,
  clips: 4,
  labels: ['a', 'b'],
  top1: 0.75,
  top5: 1,
  perClass: [1, 0.5],
  meanClassAccuracy: 0.75,
  confusion: [
    [2, 0],
    [1, 1],
  ],
};

const read = (folder: RunFolder): RunRecord[] =>
  readFileSync(join(folder.path, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as RunRecord);
const steps = (records: readonly RunRecord[]) =>
  records.flatMap((record) => (record.kind === 'step' ? [[record.step, record.loss]] : []));

it('closes an epoch at its evaluation, and one without at the next step or the end', async () => {
  const folder = await RunFolder.open(join(base, 'epochs'), {});
  const journal = new Journal(folder, 'a run', false, videoTask.record);
  for (const number of [1, 2]) journal.write(step(number));
  journal.write({ type: 'evaluation', step: 2, epoch: 1, evaluation, averaged: false, seconds: 1 });
  for (const number of [3, 4, 5]) journal.write(step(number));
  journal.write({ type: 'end', reason: 'finished', step: 5, epoch: 3 });
  const epochs = read(folder).flatMap((record) => (record.kind === 'epoch' ? [record] : []));
  // Weighted by samples: (3·1 + 1·½)/4, (3·⅓ + 1·¼)/4, ⅕.
  expect(epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
  for (const [i, loss] of [0.875, 0.3125, 0.2].entries()) expect(epochs[i]?.trainLoss).toBeCloseTo(loss, 12);
  expect(epochs.map(({ validation }) => validation?.top1)).toEqual([0.75, undefined, undefined]);
  expect(read(folder).flatMap((record) => (record.kind === 'memory' ? [record.step] : []))).toEqual([2, 5]);
  expect(readFileSync(folder.report, 'utf8')).toContain('<h1>a run</h1>');
});

it('after a resume has every step once: what came after the checkpoint is replaced', async () => {
  const path = join(base, 'resumed');
  const first = await RunFolder.open(path, {});
  mkdirSync(first.checkpoint);
  const before = new Journal(first, 'a run', false, videoTask.record);
  for (const number of [1, 2, 3, 4, 5]) before.write(step(number));
  first.close();

  const second = await RunFolder.open(path, { resume: true });
  const after = new Journal(second, 'a run', true, videoTask.record);
  for (const number of [3, 4]) after.write(step(number, 42));
  after.write({ type: 'end', reason: 'finished', step: 4, epoch: 2 });
  expect(steps(read(second))).toEqual([
    [1, 1],
    [2, 0.5],
    [3, 42],
    [4, 42],
  ]);
});
