/** A schedule that looks, in the loop: what is measured, where it begins, what it refuses. */
import '@tensorflow/tfjs-backend-wasm';
import { anchorPositions, type Method, predictGradientError, ToleranceError } from '@dr2net/core';
import { adaptive } from '@dr2net/schedulers';
import { expectNoLeak } from '@dr2net/testing';
import * as tf from '@tensorflow/tfjs-core';
import { beforeEach, describe, expect, test } from 'vitest';
import { type FinetuneOptions, finetune, type StepEvent, StepFailedError } from '../src/index.ts';
import { type ToyBatch, type ToyModel, toyModel, toySource } from './toy.ts';

beforeEach(async () => {
  await tf.setBackend('wasm');
});

type Options = FinetuneOptions<ToyBatch>;

async function steps(model: ToyModel, options: Options): Promise<StepEvent[]> {
  const events: StepEvent[] = [];
  for await (const event of finetune(model, toySource(), options)) if (event.type === 'step') events.push(event);
  return events;
}

describe('adaptive', () => {
  test('measures what its move does to the output, moves by it, arrives, and leaves the model there', async () => {
    await expectNoLeak(async () => {
      const model = toyModel();
      const schedule = adaptive({ every: 2, change: 0.02 });
      const events = await steps(model, { epochs: 6, method: { name: 'reversible' }, schedule });
      const looks = events.filter(({ outputChange }) => outputChange !== undefined);
      expect(looks.map(({ step }) => step)).toEqual([3, 5, 7, 9, 11, 13]);
      for (const { outputChange } of looks) expect(outputChange).toBeGreaterThan(0);
      expect(events[0]).toMatchObject({ alpha: 1, beta: 0.1 });
      expect(events[1]).toMatchObject({ alpha: 1, beta: 0.1 });
      for (const [i, { beta }] of events.entries()) expect(beta).toBeGreaterThanOrEqual(events[i - 1]?.beta ?? 0);
      expect(model.coefficients.alpha).toBeCloseTo(0.4, 12);
      expect(model.coefficients.beta).toBeCloseTo(0.7, 12);
      model.dispose();
    });
  });

  test('reports the change of the output itself', async () => {
    const model = toyModel({ dropout: 0 });
    const seen: number[][] = [];
    const predict = model.predict.bind(model);
    model.predict = async (batch) => {
      const output = await predict(batch);
      seen.push(Array.from(output.dataSync()));
      return output;
    };
    const events = await steps(model, {
      steps: 3,
      schedule: adaptive({ every: 2, deadline: '100%' }),
      method: { name: 'exact' },
    });
    const [before = [], after = []] = seen;
    const length = (values: number[]) => Math.hypot(...values);
    const expected = length(after.map((value, i) => value - before[i]!)) / length(before);
    expect(seen).toHaveLength(2);
    expect(events[2]?.outputChange).toBeCloseTo(expected, 5);
    model.dispose();
  });

  test('with anchors by number it begins where these are enough', async () => {
    const method: Method = { name: 'reversible', anchors: 1, tolerance: 3e-6 };
    const model = toyModel({ blocks: 8 });
    const error = (point: { alpha: number; beta: number }) =>
      predictGradientError(point, 8, anchorPositions(method, point, 8));
    expect(error({ alpha: 1, beta: 0.1 })).toBeGreaterThan(3e-6);
    const events = await steps(model, { epochs: 5, method, schedule: adaptive() });
    for (const event of events) {
      expect(error(event)).toBeLessThanOrEqual(3e-6);
      expect(event.anchors).toBe(1);
    }
    expect(events[0]?.beta).toBeGreaterThan(0.1);
    expect(error({ alpha: events[0]!.alpha + 0.01, beta: events[0]!.beta - 0.01 })).toBeGreaterThan(3e-6);
    model.dispose();
  });

  test('is refused where nothing on its way is within the tolerance', () => {
    const model = toyModel({ blocks: 8 });
    const method: Method = { name: 'reversible', anchors: 0, tolerance: 1e-9 };
    expect(() => finetune(model, toySource(), { epochs: 1, method, schedule: adaptive() })).toThrow(ToleranceError);
    model.dispose();
  });

  test('an error while it looks ends the step by name and leaks nothing', async () => {
    await expectNoLeak(async () => {
      const model = toyModel();
      const predict = model.predict.bind(model);
      let calls = 0;
      model.predict = (batch) => {
        if (++calls === 2) throw new Error('the device is gone');
        return predict(batch);
      };
      const run = steps(model, { epochs: 3, method: { name: 'exact' }, schedule: adaptive({ every: 2 }) });
      await expect(run).rejects.toThrow(StepFailedError);
      expect(model.coefficients).toMatchObject({ alpha: 1 });
      model.dispose();
    });
  });
});
