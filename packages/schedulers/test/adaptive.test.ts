/** The schedule that looks: how it moves, holds, arrives, and what it refuses. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AdaptiveOptions,
  type AdaptiveState,
  adaptive,
  type Clock,
  ScheduleError,
  type Trust,
} from '../src/index.ts';

const anywhere: Trust = () => true;

interface World {
  readonly total?: number;
  readonly trust?: Trust;
  /** Change of the output that a move of t by 1 makes. */
  readonly stiffness?: number;
  readonly loss?: (step: number) => number;
  /** Sends the state through JSON after every step, as a checkpoint does. */
  readonly saved?: boolean;
}

/** What a training loop does with the schedule. @returns t of every step, and the measured changes */
function drive(
  options: AdaptiveOptions,
  { total = 100, trust = anywhere, stiffness = 1, loss = () => 1, saved }: World,
) {
  const schedule = adaptive(options);
  const t = ({ beta }: { beta: number }) => (beta - 0.1) / 0.6;
  let state: AdaptiveState = schedule.begin(trust);
  const [places, changes]: [number[], number[]] = [[], []];
  for (let step = 0; step < total; step++) {
    const clock: Clock = { step, total };
    const proposed = schedule.propose(state, clock);
    if (proposed) {
      const change = stiffness * (t(proposed) - t(schedule.at(step, total, undefined, state)));
      changes.push(change);
      state = schedule.next(state, { kind: 'change', change, clock, trust });
    }
    places.push(t(schedule.at(step, total, undefined, state)));
    state = schedule.next(state, { kind: 'loss', loss: loss(step) });
    if (saved) state = JSON.parse(JSON.stringify(state)) as AdaptiveState;
  }
  return { places, changes };
}

describe('adaptive', () => {
  test('moves so that no move changes the output by more than its limit', () => {
    const { places, changes } = drive({ every: 1, change: 0.05, deadline: '100%' }, { stiffness: 2 });
    // After the first looks the pace has found what the network bears.
    expect(Math.max(...changes.slice(5))).toBeLessThanOrEqual(0.1);
    const moves = places.slice(1).map((place, i) => place - places[i]!);
    expect(2 * Math.max(...moves)).toBeLessThanOrEqual(0.05 + 1e-9);
    expect(places.at(-1)).toBe(1);
  });

  test('is early where the network bears it, and keeps to the slowest course where it does not', () => {
    const soft = drive({ every: 1 }, { stiffness: 0.1 }).places;
    const hard = drive({ every: 1 }, { stiffness: 100 }).places;
    expect(soft.indexOf(1)).toBeLessThan(15);
    expect(hard.indexOf(1)).toBe(59);
    for (const [step, place] of hard.entries()) {
      expect(place).toBeGreaterThanOrEqual(Math.min(1, (step / 60) ** 2) - 1e-12);
      expect(place).toBeLessThanOrEqual(soft[step]!);
    }
    // Halfway to the deadline it is a quarter of the way.
    expect(hard[30]).toBeLessThan(0.32);
  });

  test('holds while the training loss rises, and goes on when it falls', () => {
    const world = (loss: (step: number) => number) =>
      drive({ every: 2, deadline: '100%', change: 1 }, { stiffness: 1, loss }).places;
    const falling = world((step) => 2 - 0.01 * step);
    const bump = world((step) => 2 - 0.01 * step + (step >= 6 && step < 12 ? 1 : 0));
    expect(bump[7]).toBe(falling[7]);
    expect(bump[8]).toBe(bump[7]);
    expect(falling[8]).toBeGreaterThan(falling[7]!);
    expect(bump.at(-1)).toBe(1);
  });

  test('never stands where the gradients are not trusted, and begins where they are', () => {
    const trust: Trust = ({ beta }) => beta >= 0.4;
    const { places } = drive({ every: 5 }, { trust, stiffness: 100 });
    expect(places[0]).toBeCloseTo(0.5, 2);
    for (const place of places) expect(0.1 + 0.6 * place).toBeGreaterThanOrEqual(0.4 - 1e-12);
    // A measurement may take trust away on the way.
    const schedule = adaptive();
    const state = schedule.begin(anywhere);
    const next = schedule.next(state, { kind: 'change', change: 10, clock: { step: 5, total: 100 }, trust });
    expect(schedule.at(5, 100, undefined, next).beta).toBeGreaterThanOrEqual(0.4);
    // Where nothing on the way is trusted it stands at the end, which the method then refuses.
    expect(adaptive().begin(() => false).at).toBe(1);
  });

  test('does not move on an output that is no number, but keeps the deadline', () => {
    const { places } = drive({ every: 1 }, { stiffness: Number.NaN });
    expect(places[30]).toBeCloseTo((31 / 60) ** 2, 9);
    expect(places.at(-1)).toBe(1);
  });

  test('before start the network is the pretrained one; nothing is looked at', () => {
    const { places, changes } = drive({ start: 20, every: 1, deadline: 21 }, {});
    expect(adaptive({ start: 20 }).at(19, 100)).toEqual({ alpha: 1, beta: 0, frozen: true });
    expect(adaptive({ start: 20, warmup: 'conventional' }).at(19, 100).frozen).toBe(false);
    expect(places.slice(20)).toEqual([0, ...Array(79).fill(1)]);
    expect(changes).toEqual([]);
  });

  test('goes on from a saved state with the same coefficients, moves one way, and arrives', () => {
    fc.assert(
      fc.property(
        fc.record({
          total: fc.integer({ min: 1, max: 400 }),
          stiffness: fc.double({ min: 0, max: 50, noNaN: true }),
          every: fc.constantFrom<AdaptiveOptions['every']>(1, 7, '5%'),
          change: fc.double({ min: 0.001, max: 10, noNaN: true }),
          seed: fc.integer({ min: 1, max: 1000 }),
        }),
        ({ seed, every, change, ...world }) => {
          const loss = (step: number) => 1 + Math.sin(seed * (step + 1));
          const options = { change, ...(every !== undefined && { every }) };
          const { places } = drive(options, { ...world, loss });
          expect(drive(options, { ...world, loss, saved: true }).places).toEqual(places);
          for (const [step, place] of places.entries()) {
            expect(place).toBeGreaterThanOrEqual(places[step - 1] ?? 0);
            expect(place).toBeLessThanOrEqual(1 + 1e-12);
            if (step >= 0.6 * world.total + 0.5) expect(place).toBeCloseTo(1, 12);
          }
        },
      ),
      { numRuns: 60, seed: 2 },
    );
  });

  test.each<[string, () => unknown]>([
    ['adaptive: change is 0; it must be above 0', () => adaptive({ change: 0 })],
    ['adaptive: change is NaN; it must be a finite number', () => adaptive({ change: Number.NaN })],
    ['adaptive: ratio is 2', () => adaptive({ ratio: 2 })],
    ['adaptive takes no option "end". Did you mean', () => adaptive({ end: '60%' } as AdaptiveOptions)],
    ['adaptive: deadline is "10%"; it must be after start (20%)', () => adaptive({ start: '20%', deadline: '10%' })],
    ['start (90) is step 90 and deadline (60%) is step 60 of 100', () => adaptive({ start: 90 }).at(0, 100)],
    ['"cold" is no warmup', () => adaptive({ warmup: 'cold' as 'frozen' })],
  ])('refuses: %s', (message, attempt) => {
    expect(attempt).toThrow(ScheduleError);
    expect(attempt).toThrow(message);
  });
});
