/** Learning-rate schedules against the reference's numbers, and what they refuse. */
import { join } from 'node:path';
import { readReference, sharedPath } from '@dr2net/testing';
import { describe, expect, test } from 'vitest';
import {
  constantRate,
  cosineRate,
  type LearningRateSchedule,
  learningRateFromJSON,
  learningRateNames,
  linearRate,
  ScheduleError,
  stepRate,
} from '../src/index.ts';

const folder = sharedPath('reference/optimizers');

describe.skipIf(!folder)('cosine with warm-up is the reference', () => {
  test.each([
    ['warm_cosine', 100, cosineRate({ rate: 1e-3, warmup: 10, low: 1e-6 })],
    ['warm_cosine', 100, cosineRate({ rate: 1e-3, warmup: '10%', low: 1e-6 })],
    ['cosine', 50, cosineRate({ rate: 5e-4 })],
    ['warm_start_value', 60, cosineRate({ rate: 2e-3, warmup: '3 epochs', low: 1e-5, from: 1e-6 })],
  ] as const)('%s over %d steps', (name, total, schedule) => {
    const { data } = readReference(join(folder!, 'expected.safetensors')).get(`schedule/${name}`)!;
    expect(data.length).toBe(total + 11);
    for (let step = 0; step < data.length; step++) {
      const expected = data[step]!;
      // The reference is stored as float32.
      expect(Math.abs(schedule.at(step, total, 4) - expected)).toBeLessThanOrEqual(1e-7 * expected);
    }
  });
});

test('constant, linear and step', () => {
  const values = (schedule: LearningRateSchedule, steps: number[]) => steps.map((step) => schedule.at(step, 100));
  expect(values(constantRate({ rate: 2, warmup: 4, from: 1 }), [0, 1, 2, 3, 4, 99])).toEqual([
    1, 1.25, 1.5, 1.75, 2, 2,
  ]);
  expect(values(linearRate({ rate: 2, low: 1, warmup: '20%' }), [0, 10, 20, 60, 100, 120])).toEqual([
    0, 1, 2, 1.5, 1, 1,
  ]);
  const step = stepRate({ rate: 8, at: [50, '75%'], factor: 0.5 });
  expect(values(step, [0, 49, 50, 74, 75, 99])).toEqual([8, 8, 4, 4, 2, 2]);
});

test('all survive JSON, and are known by name', () => {
  const all = [
    constantRate({ rate: 0.1 }),
    linearRate({ rate: 0.1, low: 0.01, warmup: '5%' }),
    cosineRate({ rate: 0.1, warmup: '1 epochs', from: 0.001 }),
    stepRate({ rate: 0.1, at: ['50%', '80%'] }),
  ];
  expect(all.map(({ name }) => name)).toEqual(learningRateNames);
  for (const schedule of all) {
    const again = learningRateFromJSON(JSON.parse(JSON.stringify(schedule)));
    for (let step = 0; step < 120; step++) expect(again.at(step, 100, 10)).toBe(schedule.at(step, 100, 10));
  }
  expect(() => learningRateFromJSON({ name: 'cosin', rate: 1 })).toThrow('did you mean "cosine"?');
});

test.each<[string, () => unknown]>([
  ['cosine: rate is 0; it must be a finite number above 0', () => cosineRate({ rate: 0 })],
  ['linear: rate is NaN', () => linearRate({ rate: Number.NaN })],
  ['constant: rate is undefined', () => learningRateFromJSON({ name: 'constant' })],
  ['cosine: low is -1; it must be 0 or more', () => cosineRate({ rate: 1, low: -1 })],
  ['cosine: from is Infinity', () => cosineRate({ rate: 1, from: Number.POSITIVE_INFINITY })],
  ['cosine: warmup is "200%"', () => cosineRate({ rate: 1, warmup: '200%' })],
  ['cosine counts epochs', () => cosineRate({ rate: 1, warmup: '2 epochs' }).at(0, 10)],
  ['step: at is ', () => stepRate({ rate: 1, at: [] })],
  ['step: at[1] is 10; it must be after at[0] (20)', () => stepRate({ rate: 1, at: [20, 10] })],
  ['step: factor is 2', () => stepRate({ rate: 1, at: [1], factor: 2 })],
  ['constant takes no option "low"', () => constantRate({ rate: 1, low: 0 } as { rate: number })],
])('refuses: %s', (message, attempt) => {
  expect(attempt).toThrow(ScheduleError);
  expect(attempt).toThrow(message);
});
