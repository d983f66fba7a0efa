/** Out of memory in the middle of a step: the step is done again by the next leaner method, and nothing else changes. */
import '@tensorflow/tfjs-backend-cpu';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Method } from '@dr2net/core';
import { expectNoLeak } from '@dr2net/testing';
import type { ActionRecognizer, RecognitionEvaluation } from '@dr2net/video';
import { setBackend } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { adamW, type FinetuneEvent, finetune, type StepEvent } from '../src/index.ts';
import { clips, smallRecognizer } from './clips.ts';

class DeviceOutOfMemoryError extends Error {
  override readonly name = 'DeviceOutOfMemoryError';
}

const shortage = () => new DeviceOutOfMemoryError('a tensor needs 1024 bytes more.');
const coefficients = { alpha: 0.5, beta: 0.5 };
const conventional: Method = { name: 'conventional' };

let folder = '';
beforeAll(() => setBackend('cpu'));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dr2net-oom-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A real model, which owns its backbone. */
const recognizer = (given: Partial<ActionRecognizer['coefficients']> = {}) =>
  smallRecognizer({ ...coefficients, ...given }, { dropPath: 0.1 });

const source = () => clips({ frames: 4, size: 16, batch: 2 });

/** Throws `error` in the n-th call of `step` (1-based), after the first gradient has gone to the sink. */
function failing(
  model: ActionRecognizer,
  call: number,
  error: () => Error,
  only: Method['name'] = 'conventional',
): ActionRecognizer {
  const step = model.step.bind(model);
  let calls = 0;
  model.step = (batch, options) => {
    if (++calls < call || model.method.name !== only) return step(batch, options);
    let gradients = 0;
    return step(batch, {
      ...options,
      sink: (parameter, gradient) => {
        if (gradients++ > 0) {
          gradient.dispose();
          throw error();
        }
        options.sink(parameter, gradient);
      },
    });
  };
  return model;
}

interface Settings {
  readonly method: Method;
  readonly leaner?: readonly Method[];
  readonly steps: number;
  readonly accumulate?: number;
  readonly update?: 'collect' | 'sink';
  readonly checkpoint?: { folder: string; resume?: boolean };
}

async function run(model: ActionRecognizer, settings: Settings) {
  const events: FinetuneEvent<RecognitionEvaluation>[] = [];
  for await (const event of finetune(model, source(), { optimizer: adamW({ lr: 0.02 }), seed: 3, ...settings }))
    events.push(event);
  return {
    steps: events.filter((event): event is StepEvent => event.type === 'step'),
    warnings: events.flatMap((event) => (event.type === 'warning' ? [event.message] : [])),
  };
}

const losses = ({ steps }: { steps: StepEvent[] }) => steps.map(({ loss }) => loss);
const weights = (model: ActionRecognizer) => model.parameters.map(({ variable }) => [...variable.dataSync()]);

describe.each([1, 2])('%d batches a step', (accumulate) => {
  test('goes on as a run that began with the leaner method from that state', () =>
    expectNoLeak(async () => {
      const leaner: Method = { name: 'exact' };
      const model = failing(recognizer(), 2 * accumulate + 1 + (accumulate - 1), shortage);
      const run1 = await run(model, { method: conventional, leaner: [leaner], steps: 6, accumulate });
      expect(run1.steps.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
      expect(run1.steps.map(({ method }) => method)).toEqual([
        ...['conventional', 'conventional'],
        ...['exact', 'exact', 'exact', 'exact'],
      ]);
      expect(run1.warnings.join()).toContain('step 3: the device has too little memory for method conventional');
      expect(run1.warnings.join()).toContain('the run goes on, with method exact.');

      const reference = recognizer();
      const checkpoint = { folder };
      const before = await run(reference, { method: conventional, steps: 2, accumulate, checkpoint });
      const after = await run(reference, {
        ...{ method: leaner, steps: 6, accumulate },
        checkpoint: { ...checkpoint, resume: true },
      });
      expect(losses(run1)).toEqual([...losses(before), ...losses(after)]);
      expect(weights(model)).toEqual(weights(reference));
      model.dispose();
      reference.dispose();
    }));
});

test('steps down as often as needed, then fails with what the device said', () =>
  expectNoLeak(async () => {
    const model = recognizer();
    const step = model.step.bind(model);
    model.step = (batch, options) => {
      if (model.method.name !== 'frozen') throw new Error('OOM when allocating tensor with shape[8,8]');
      return step(batch, options);
    };
    const leaner: Method[] = [{ name: 'checkpoint' }, { name: 'checkpoint', every: 2 }];
    const attempt = run(model, { method: conventional, leaner, steps: 2 });
    await expect(attempt).rejects.toThrow(/Step 1 failed.*OOM when allocating/);
    model.dispose();
  }));

test('another error is no shortage of memory', () =>
  expectNoLeak(async () => {
    const model = failing(recognizer(), 2, () => new Error('the device is lost'));
    const attempt = run(model, { method: conventional, leaner: [{ name: 'exact' }], steps: 3 });
    await expect(attempt).rejects.toThrow(/Step 2 failed.*the device is lost/);
    model.dispose();
  }));

test('a step whose parameters have been updated at once cannot be done again', () =>
  expectNoLeak(async () => {
    // The first call counts gradients; the third is the second step.
    const model = failing(recognizer(), 3, shortage);
    const attempt = run(model, { method: conventional, leaner: [{ name: 'exact' }], steps: 3, update: 'sink' });
    await expect(attempt).rejects.toThrow(/Step 2 failed.*needs 1024 bytes more/);
    model.dispose();
  }));

test('a leaner method that cannot run with the coefficients is refused at once', () => {
  const model = recognizer({ alpha: 1, beta: 0 });
  expect(() => finetune(model, source(), { method: conventional, leaner: [{ name: 'exact' }], steps: 1 })).toThrow(
    /method exact inverts the network, which needs β ≠ 0/,
  );
  model.dispose();
});
