/** A state of `exact` that leaves the range of its grid: the step is taken again on a coarser one, and is not lost. */
import '@tensorflow/tfjs-backend-wasm';
import { type Method, StateRangeError } from '@dr2net/core';
import type { BatchSource } from '@dr2net/models';
import { expectNoLeak } from '@dr2net/testing';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { type FinetuneEvent, type FinetuneOptions, finetune, StepFailedError } from '../src/index.ts';
import { type ToyBatch, type ToyModel, toyModel, toySource } from './toy.ts';

type Options = FinetuneOptions<ToyBatch>;

beforeAll(async () => {
  await tf.setBackend('wasm');
});

/** The source with the names of the samples that were taken from it, batch by batch. */
function watched(source: BatchSource<ToyBatch>): { source: BatchSource<ToyBatch>; taken: string[] } {
  const taken: string[] = [];
  const epoch: BatchSource<ToyBatch>['epoch'] = async function* (options) {
    for await (const batch of source.epoch(options)) {
      taken.push(batch.ids.join(' '));
      yield batch;
    }
  };
  return { source: { ...source, epoch }, taken };
}

async function run(
  options: Options,
  { model = toyModel(), source = toySource(), method = undefined as Method | undefined } = {},
) {
  const events: FinetuneEvent<unknown>[] = [];
  try {
    for await (const event of finetune(model, source, { ...options, ...(method && { method }) })) events.push(event);
  } finally {
    model.dispose();
  }
  return {
    losses: events.flatMap((event) => (event.type === 'step' ? [event.loss] : [])),
    warnings: events.flatMap((event) => (event.type === 'warning' ? [event.message] : [])),
  };
}

/** A factor beyond the margin of 16, and within the 4 bits that the grid gives way. */
const spiked = (batch: number) => toySource({ batches: 6, spike: { batch, factor: 100 } });

describe.each<[string, Options, number, number]>([
  ['collect', { epochs: 1 }, 3, 1],
  ['accumulation, at the second batch of the step', { epochs: 1, accumulate: 2, clip: 1 }, 3, 2],
  ['sink', { epochs: 1, update: 'sink' }, 3, 1],
  ['sink, ema', { epochs: 1, update: 'sink', ema: 0.9 }, 1, 1],
])('%s', (_, options, batch, repeated) => {
  test('takes the step again, with the same clips and masks', async () => {
    await expectNoLeak(async () => {
      const { source, taken } = watched(spiked(batch));
      const { losses, warnings } = await run(options, { source });
      expect(warnings.filter((message) => message.includes('is taken again on a coarser one'))).toHaveLength(1);
      expect(taken).toHaveLength(6 + repeated);
      expect(new Set(taken).size).toBe(6);
      // A grid that holds the spike from the beginning gives the same up to its rounding; other masks would not.
      const coarse = await run(options, { source: spiked(batch), method: { name: 'exact', fractionBits: 16 } });
      expect(coarse.warnings.filter((message) => message.includes('coarser'))).toEqual([]);
      expect(losses).toHaveLength(coarse.losses.length);
      for (const [i, loss] of losses.entries()) expect(Math.abs(loss - coarse.losses[i]!)).toBeLessThan(1e-3);
    });
  });
});

test('in the very first step of sink, whose counting pass leaves the range', async () => {
  // The scale is measured with the first batch, so only a later run's first step can: one that goes on from elsewhere.
  const model = toyModel();
  const { step } = model;
  let passes = 0;
  model.step = (batch, options) => {
    if (passes++ === 0) {
      options.scaleOf?.(0).exceeded();
      throw new StateRangeError('The state x_1', 9, 8, 20);
    }
    return step(batch, options);
  };
  const { losses, warnings } = await run({ epochs: 1, update: 'sink' }, { model });
  expect(losses).toHaveLength(4);
  expect(warnings).toEqual([expect.stringContaining('step 1 is taken again')]);
  // Failed, counted, taken; then three more.
  expect(passes).toBe(6);
});

/** As WebGPU tells it: by the check, when the backward pass is over. */
function toldLate(model: ToyModel, at: number): ToyModel {
  const { step } = model;
  let passes = 0;
  model.step = async (batch, options) => {
    const result = await step(batch, options);
    if (passes++ !== at) return result;
    const check = () => Promise.reject(new StateRangeError('The state x_1', 9, 8, 20));
    return { ...result, reports: result.reports.map((report) => ({ ...report, check })) };
  };
  return model;
}

test('told after the backward pass, the gradients are dropped and the losses are those of a run without it', async () => {
  const options: Options = { epochs: 1, accumulate: 2, clip: 0.5 };
  const late = await run(options, { model: toldLate(toyModel(), 3) });
  expect(late.losses).toEqual((await run(options)).losses);
  expect(late.warnings).toEqual([expect.stringContaining('step 2 is taken again')]);
});

test('not when parameters have been updated already', async () => {
  const failure = run({ epochs: 1, update: 'sink' }, { model: toldLate(toyModel(), 3) });
  await expect(failure).rejects.toMatchObject({ name: 'StepFailedError', step: 3, cause: expect.any(StateRangeError) });
});

test.each<[string, Method, number]>([
  ['once only', { name: 'exact' }, 1e9],
  ['not on a grid that was given', { name: 'exact', fractionBits: 24 }, 100],
])('%s', async (_, method, factor) => {
  await expectNoLeak(async () => {
    const { source, taken } = watched(toySource({ spike: { batch: 2, factor } }));
    await expect(run({ epochs: 1 }, { source, method })).rejects.toBeInstanceOf(StepFailedError);
    expect(taken).toHaveLength(factor === 100 ? 3 : 4);
  });
});
