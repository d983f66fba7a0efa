/** Our own coefficient schedules, what all of them promise, and what they refuse. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AuthorsEarlyOptions,
  type AuthorsOptions,
  adaptive,
  authors,
  authorsEarly,
  type CoefficientSchedule,
  coefficientScheduleFromJSON,
  coefficientScheduleNames,
  constant,
  type DynamicOptions,
  dynamic,
  type Position,
  ScheduleError,
} from '../src/index.ts';

describe('dynamic', () => {
  test('moves both coefficients linearly from start to end and stays', () => {
    const schedule = dynamic({ start: 10, end: '60%', ratio: 0.5 });
    expect(schedule.at(0, 100)).toEqual({ alpha: 1, beta: 0, frozen: true });
    expect(schedule.at(9, 100)).toEqual({ alpha: 1, beta: 0, frozen: true });
    expect(schedule.at(10, 100)).toEqual({ alpha: 1, beta: 0.1, frozen: false });
    expect(schedule.at(35, 100)).toEqual({ alpha: 0.75, beta: 0.35, frozen: false });
    for (const step of [60, 61, 99, 1000])
      expect(schedule.at(step, 100)).toEqual({ alpha: 0.5, beta: 0.6, frozen: false });
  });

  test('warms up conventionally on request, counts epochs, and moves in steps of `every`', () => {
    const schedule = dynamic({
      start: '1 epochs',
      end: '5 epochs',
      every: '1 epochs',
      warmup: 'conventional',
      ratio: 0.4,
    });
    expect(schedule.at(9, 100, 10)).toEqual({ alpha: 1, beta: 0, frozen: false });
    expect(schedule.at(10, 100, 10).alpha).toBe(1);
    expect(schedule.at(19, 100, 10).alpha).toBe(1);
    expect(schedule.at(20, 100, 10).alpha).toBeCloseTo(0.9, 12);
    expect(schedule.at(50, 100, 10).alpha).toBeCloseTo(0.6, 12);
    expect(() => schedule.at(0, 100)).toThrow('dynamic counts epochs');
  });

  test('holds α + β at 1 on request: to (0.3, 0.7)', () => {
    const schedule = dynamic({ sum: 1 });
    expect(schedule.at(0, 100)).toEqual({ alpha: 0.9, beta: 0.1, frozen: false });
    const { alpha, beta } = schedule.at(99, 100);
    expect([alpha, beta]).toEqual([1 - 0.7, 0.7]);
    for (let step = 0; step < 100; step++) {
      const point = schedule.at(step, 100);
      expect(point.alpha + point.beta).toBeCloseTo(1, 12);
    }
  });

  test('with start = end is a jump', () => {
    const schedule = dynamic({ start: 5, end: 5 });
    expect(schedule.at(4, 10).beta).toBe(0);
    expect(schedule.at(5, 10)).toEqual({ alpha: 0.4, beta: 0.7, frozen: false });
  });
});

const percent = fc.integer({ min: 0, max: 100 }).map((p) => `${p}%` as const);
const ratio = fc.double({ min: 0, max: 1, noNaN: true });
const dynamics = fc
  .record<DynamicOptions>(
    {
      start: fc.constantFrom<Position>(0, '10%', '2 epochs'),
      end: fc.constantFrom<Position>('30%', '100%'),
      ratio,
      every: fc.constantFrom<Position>(1, 7, '5%'),
      warmup: fc.constantFrom('frozen', 'conventional'),
      sum: fc.constant(1),
    },
    { requiredKeys: [] },
  )
  .map(dynamic);
const theirs = fc
  .record<AuthorsOptions>({
    policy: fc.constantFrom('interleaved', 'alpha-then-beta', 'beta-then-alpha'),
    unit: fc.constantFrom('epochs', 'steps'),
    end: fc.constantFrom('50%', '100%'),
    every: fc.integer({ min: 2, max: 9 }),
    ratio,
  })
  .map(authors);
const early = fc
  .constantFrom<AuthorsEarlyOptions>(
    {},
    ...(['linear', 'logarithmic', 'exponential', 'list', 'beta-only', 'negative'] as const).map((policy) => ({
      policy,
    })),
  )
  .map(authorsEarly);
/** Without observations: the slowest course. */
const looking = fc
  .record({ deadline: fc.constantFrom<Position>('30%', '100%'), ratio, every: fc.constantFrom<Position>(1, '5%') })
  .map((options) => adaptive(options));
const schedules = fc.oneof(dynamics, looking, theirs, early, fc.constant(constant(63 / 64, 1 / 64)));

describe('every schedule', () => {
  test('moves one way, is the same function after a round trip through JSON, and gives β = 0 only while warming up', () => {
    fc.assert(
      fc.property(schedules, (schedule: CoefficientSchedule) => {
        const again = coefficientScheduleFromJSON(JSON.parse(JSON.stringify(schedule)));
        expect(again.toJSON()).toEqual(schedule.toJSON());
        let previous = { alpha: Number.POSITIVE_INFINITY, size: 0 };
        for (let step = 0; step < 300; step++) {
          const point = schedule.at(step, 280, 10);
          expect(again.at(step, 280, 10)).toEqual(point);
          expect(Number.isFinite(point.alpha) && Number.isFinite(point.beta)).toBe(true);
          expect(point.alpha).toBeLessThanOrEqual(previous.alpha);
          expect(Math.abs(point.beta)).toBeGreaterThanOrEqual(previous.size);
          if (point.beta === 0) expect(point.alpha).toBe(1);
          previous = { alpha: point.alpha, size: Math.abs(point.beta) };
        }
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  test('is known by name', () => {
    expect(coefficientScheduleNames).toEqual(['constant', 'dynamic', 'adaptive', 'authors', 'authors-early']);
    expect(() => coefficientScheduleFromJSON({ name: 'dinamic' })).toThrow('did you mean "dynamic"?');
    expect(() => coefficientScheduleFromJSON({ name: 'toString' })).toThrow(ScheduleError);
  });
});

describe('refuses, naming the option, its value and what it may be', () => {
  test.each<[string, () => unknown]>([
    ['dynamic: ratio is 1.5; it must be a number from 0 to 1', () => dynamic({ ratio: 1.5 })],
    ['dynamic: ratio is NaN', () => dynamic({ ratio: Number.NaN })],
    ['dynamic: end is 10; it must be after start (20)', () => dynamic({ start: 20, end: 10 })],
    ['dynamic: end is "10%"; it must be after start (20%)', () => dynamic({ start: '20%', end: '10%' })],
    ['start (90) is step 90 and end (60%) is step 60 of 100', () => dynamic({ start: 90 }).at(0, 100)],
    ['dynamic: end is "140%"', () => dynamic({ end: '140%' })],
    ['dynamic: end is "soon"', () => dynamic({ end: 'soon' as '1%' })],
    ['dynamic: start is -1', () => dynamic({ start: -1 })],
    ['dynamic: sum is Infinity', () => dynamic({ sum: Number.POSITIVE_INFINITY })],
    ['"cold" is no warmup; did you mean "frozen"?', () => dynamic({ warmup: 'cold' as 'frozen' })],
    ['dynamic takes no option "rato". Did you mean "ratio"?', () => dynamic({ rato: 0.5 } as DynamicOptions)],
    ['constant: alpha is NaN', () => constant(Number.NaN, 0.5)],
    ['constant: beta is Infinity', () => constant(1, Number.POSITIVE_INFINITY)],
    ['constant: beta is 0; it must be other than 0 with alpha = 0.5', () => constant(0.5, 0)],
    ['constant: beta is undefined', () => coefficientScheduleFromJSON({ name: 'constant', alpha: 1 })],
    ['authors: ratio is -0.1', () => authors({ ratio: -0.1 })],
    ['authors: every is 0', () => authors({ every: 0 })],
    ['authors: every is 1; it must be a whole number, 2', () => authors({ policy: 'alpha-then-beta', every: 1 })],
    ['authors: end is 3; it must be after start (5)', () => authors({ start: 5, end: 3 })],
    ['start (50%) is 6 and end (50%) is 6 of 10 epochs', () => authors({ start: '50%', end: '50%' }).at(99, 100, 10)],
    ['authors: end is missing', () => authors({ unit: 'steps' })],
    ['authors counts epochs', () => authors().at(0, 100)],
    [
      '"interleave" is no policy; did you mean "interleaved"?',
      () => authors({ policy: 'interleave' as 'interleaved' }),
    ],
    ['authors-early: end is 3', () => authorsEarly({ start: 2, end: 3 })],
    ['authors-early (list) takes no option "end"', () => authorsEarly({ policy: 'list', end: 9 })],
    ['authors-early (linear) takes no option "every"', () => authorsEarly({ policy: 'linear', every: 2 })],
  ])('%s', (message, attempt) => {
    expect(attempt).toThrow(ScheduleError);
    expect(attempt).toThrow(message);
  });

  test('nothing that is right', () => {
    expect(constant(1, 0).at(0, 1)).toEqual({ alpha: 1, beta: 0, frozen: false });
    expect(constant(1, -0.5).at(0, 1).beta).toBe(-0.5);
  });

  // percentages are used as positions too
  test.each(fc.sample(percent, 5))('%s as an end', (end) => {
    expect(dynamic({ end }).at(1000, 1000).alpha).toBeCloseTo(0.4, 12);
  });
});
