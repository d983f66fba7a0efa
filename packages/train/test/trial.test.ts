/** A step that is only tried: it takes what a real one takes, changes nothing, and leaves nothing, however it ends. */
import '@tensorflow/tfjs-backend-cpu';
import type { Method } from '@dr2net/core';
import { MemoryLimitError } from '@dr2net/memory';
import { expectNoLeak } from '@dr2net/testing';
import type { ActionRecognizer, ClipBatch } from '@dr2net/video';
import { dispose as disposeAll, memory, setBackend, tensor2d, zeros, zerosLike } from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { adamW, type FinetuneOptions, finetune, type StepEvent, sgd, type TrialOptions, trial } from '../src/index.ts';
import { clips, smallRecognizer } from './clips.ts';

beforeAll(() => setBackend('cpu'));

const coefficients = { alpha: 63 / 64, beta: 1 / 64 };
const source = (batches = 4) => clips({ frames: 4, size: 16, batch: 2, batches });
const weights = (model: ActionRecognizer) => model.parameters.map(({ variable }) => [...variable.dataSync()]);

/** As the source's batches are. */
function batch(): ClipBatch {
  const pixels = zeros([2, 4, 16, 16, 3]) as ClipBatch['pixels'];
  const targets = tensor2d([
    [1, 0, 0],
    [1, 0, 0],
  ]);
  const dispose = () => disposeAll([pixels, targets]);
  return { ids: ['a', 'b'], labels: [0, 0], size: 2, pixels, targets, dispose };
}

/** Tries a step, and checks that the model is as it was and no hook of the meter is left. */
async function tried(model: ActionRecognizer, options: TrialOptions) {
  const before = { weights: weights(model), coefficients: model.coefficients, method: model.method };
  const tensors = memory().numTensors;
  try {
    return await trial(model, batch, options);
  } finally {
    expect(weights(model)).toEqual(before.weights);
    expect([model.coefficients, model.method]).toEqual([before.coefficients, before.method]);
    expect(memory().numTensors).toBe(tensors);
  }
}

const methods: Method[] = [
  { name: 'conventional' },
  { name: 'exact' },
  { name: 'reversible' },
  { name: 'checkpoint' },
  { name: 'frozen' },
];
const settings: readonly (readonly [string, Pick<FinetuneOptions<ClipBatch>, 'update' | 'accumulate' | 'ema'>])[] = [
  ['collect', {}],
  ['sink', { update: 'sink' }],
  ['two batches a step', { accumulate: 2 }],
  ['an average', { ema: 0.9 }],
];
const cases = methods.flatMap((method) =>
  settings.map(([name, setting]) => [method.name, name, method, setting] as const),
);

test.each(cases)('%s, %s: has the peaks of a real step', (_, __, method, setting) =>
  expectNoLeak(async () => {
    const options = { ...setting, optimizer: adamW(), seed: 1 };
    const model = smallRecognizer(coefficients);
    const outcome = await tried(model, { ...options, method, coefficients });
    if (!outcome.fits) throw outcome.reason;
    const steps: StepEvent[] = [];
    for await (const event of finetune(model, source(), { ...options, method, steps: 2 }))
      if (event.type === 'step') steps.push(event);
    const real = steps[1]!.memory;
    expect(outcome.memory.peakBytes / real.peakBytes).toBeCloseTo(1, 3);
    expect(outcome.memory.activationPeakBytes / real.activationPeakBytes).toBeCloseTo(1, 3);
    expect(outcome.seconds).toBeGreaterThan(0);
    model.dispose();
  }),
);

test('of many batches that make a step two are gone through, and the time is of all', async () => {
  const model = smallRecognizer(coefficients);
  let calls = 0;
  const step = model.step.bind(model);
  model.step = (...args) => {
    calls++;
    return step(...args);
  };
  const outcome = await tried(model, { method: { name: 'exact' }, coefficients, accumulate: 50, optimizer: sgd() });
  expect(calls).toBe(3);
  if (!outcome.fits) throw outcome.reason;
  // The optimizer has its turn once a step.
  const { phases } = outcome.memory;
  const once = phases.find(({ name }) => name === 'optimizer')!.seconds;
  const ofTwo = phases.reduce((sum, { seconds }) => sum + seconds, 0) - once;
  expect(ofTwo).toBeGreaterThan(0);
  expect(outcome.seconds).toBeCloseTo(25 * ofTwo + once, 6);
  model.dispose();
});

test.each(methods)('a limit stops it, wherever it is passed well before the peak: $name', async (method) => {
  const model = smallRecognizer(coefficients);
  const free = await tried(model, { method, coefficients });
  if (!free.fits) throw free.reason;
  const { peakBytes, startBytes } = free.memory;
  expect((await tried(model, { method, coefficients, limit: peakBytes })).fits).toBe(true);
  for (const share of [0, 0.2, 0.4, 0.6, 0.8]) {
    const limit = startBytes + share * (peakBytes - startBytes);
    const stopped = await tried(model, { method, coefficients, limit });
    expect(stopped, `${share}`).toMatchObject({ fits: false, reason: expect.any(MemoryLimitError) });
  }
  model.dispose();
});

test('too little memory of the device is an outcome, another error is one', async () => {
  const model = smallRecognizer(coefficients);
  const step = model.step.bind(model);
  const failing = (error: Error) => {
    model.step = (batch, options) => {
      let gradients = 0;
      return step(batch, {
        ...options,
        sink: (parameter, gradient) => {
          options.sink(parameter, gradient);
          if (gradients++ > 2) throw error;
        },
      });
    };
    return tried(model, { method: { name: 'exact' }, coefficients });
  };
  const shortage = new Error('OOM when allocating tensor with shape[8,8]');
  expect(await failing(shortage)).toEqual({ fits: false, reason: shortage });
  const tooLarge = Object.assign(new Error('a tensor of 1 GB'), { name: 'TensorTooLargeError' });
  expect(await failing(tooLarge)).toEqual({ fits: false, reason: tooLarge });
  await expect(failing(new Error('the device is lost'))).rejects.toThrow('the device is lost');
  model.dispose();
});

test('values that a forward pass changes are as before', async () => {
  const model = smallRecognizer(coefficients);
  const statistic = model.parameters[0]!;
  statistic.trainable = false;
  const step = model.step.bind(model);
  model.step = (batch, options) => {
    statistic.assign(zerosLike(statistic.variable));
    return step(batch, options);
  };
  expect((await tried(model, { method: { name: 'conventional' }, coefficients })).fits).toBe(true);
  model.dispose();
});

test('stops between steps when it is told to', async () => {
  const model = smallRecognizer(coefficients);
  const stop = new AbortController();
  const step = model.step.bind(model);
  let calls = 0;
  model.step = (...args) => {
    calls++;
    stop.abort(new Error('enough'));
    return step(...args);
  };
  const options = { method: { name: 'exact' }, coefficients, signal: stop.signal } as const;
  await expect(tried(model, options)).rejects.toThrow('enough');
  expect(calls).toBe(1);
  model.dispose();
});
