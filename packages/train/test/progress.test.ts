import { expect, test } from 'vitest';
import { type FinetuneEvent, progressReporter, type StepEvent } from '../src/index.ts';

const memory = {
  startBytes: 0,
  endBytes: 0,
  peakBytes: 90e6,
  activationPeakBytes: 28e6,
  categoriesAtPeak: {},
  device: { kind: 'gpu', startBytes: 0, peakBytes: 614e6, endBytes: 0 },
  phases: [],
  timeline: [],
};

const step = (number: number): StepEvent => ({
  type: 'step',
  step: number,
  total: 3,
  epoch: 1,
  loss: 1.79012,
  accuracy: 0.4,
  alpha: 63 / 64,
  beta: 1 / 64,
  method: 'exact',
  learningRate: 1e-3,
  memory,
  samples: 8,
  samplesPerSecond: 4.2,
  seconds: 1,
  secondsLeft: 200,
});

const others: FinetuneEvent<{ top1: number; names: string[] }>[] = [
  { type: 'warning', step: 0, message: 'look' },
  { type: 'evaluation', step: 3, epoch: 1, evaluation: { top1: 0.84, names: [] }, averaged: false, seconds: 1 },
  { type: 'checkpoint', step: 3, path: 'out/checkpoint.safetensors', bytes: 1e6, seconds: 0.1 },
  { type: 'end', reason: 'finished', step: 3, epoch: 1 },
];

const text =
  'epoch 1 · loss 1.79 · accuracy 40 % · α 0.9844 β 0.0156 · exact · activations 28.0 MB · gpu 614 MB · 4.2 clips/s · 3 min 20 s left';

function report(terminal: boolean, interval: number): string {
  let out = '';
  const stream = { write: (more: string) => (out += more), isTTY: terminal, columns: 40 };
  const progress = progressReporter<{ top1: number }>(stream, { unit: 'clips', interval });
  const [warning, ...rest] = others;
  for (const event of [step(1), step(2), warning!, step(3), ...rest]) progress(event);
  return out;
}

test('plain lines where there is no terminal', () => {
  expect(report(false, 0).split('\n')).toEqual([
    `step 1/3 · ${text}`,
    `step 2/3 · ${text}`,
    'warning: look',
    `step 3/3 · ${text}`,
    'after epoch 1 (step 3): top1 0.84',
    'checkpoint of step 3: out/checkpoint.safetensors (1.00 MB)',
    'finished at step 3',
    '',
  ]);
});

test('the first and the last step are written whatever the interval', () => {
  const lines = report(false, 1000).split('\n');
  expect(lines.filter((line) => line.startsWith('step '))).toEqual([`step 1/3 · ${text}`, `step 3/3 · ${text}`]);
});

test('one line that renews itself on a terminal, no wider than it', () => {
  const out = report(true, 0);
  const clear = '\r\u001b[2K';
  const short = (number: number) => `step ${number}/3 · ${text}`.slice(0, 39);
  expect(out).toBe(
    `${clear}${short(1)}${clear}${short(2)}${clear}warning: look\n${short(2)}${clear}${short(3)}` +
      `${clear}after epoch 1 (step 3): top1 0.84\n${short(3)}\nfinished at step 3\n`,
  );
});
