/** The authors' schedules, number for number. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type AuthorsEarlyOptions, type AuthorsOptions, authors, authorsEarly } from '../src/index.ts';
import { round } from '../src/round.ts';

interface Case {
  readonly version: 'later' | 'early';
  readonly options: object;
  readonly first?: number;
  readonly alpha: number[];
  readonly beta: number[];
}

const golden = JSON.parse(readFileSync(new URL('authors.json', import.meta.url), 'utf8')) as {
  cases: Case[];
  rounds: [number, number, number][];
};

test("rounds as Python does: exact ties to even, everything else by the double's true value", () => {
  for (const [x, digits, expected] of golden.rounds)
    expect([x, digits, round(x, digits)]).toEqual([x, digits, expected]);
});

test.each(golden.cases)('$version $options', ({ version, options, first = 1, alpha, beta }) => {
  const schedule =
    version === 'later' ? authors(options as AuthorsOptions) : authorsEarly(options as AuthorsEarlyOptions);
  const epochSteps = 7;
  alpha.forEach((expected, i) => {
    const epoch = first + i;
    for (const step of [(epoch - 1) * epochSteps, epoch * epochSteps - 1])
      expect([epoch, schedule.at(step, 7000, epochSteps)]).toEqual([
        epoch,
        { alpha: expected, beta: beta[i], frozen: beta[i] === 0 },
      ]);
  });
});

describe('the figures that the documentation gives', () => {
  const at = (epoch: number) => authors().at(epoch - 1, 600, 1);

  test('of the default', () => {
    const shown = [1, 3, 4, 5, 6, 121, 122, 200, 600].map((epoch) => [epoch, at(epoch).alpha, at(epoch).beta]);
    expect(shown).toEqual([
      [1, 1, 0.1],
      [3, 1, 0.1101],
      [4, 0.9899, 0.1101],
      [5, 0.9899, 0.1201],
      [6, 0.9799, 0.1201],
      [121, 0.407, 0.7],
      [122, 0.4, 0.7],
      [200, 0.4, 0.7],
      [600, 0.4, 0.7],
    ]);
  });

  test('in steps: the clock begins at 0, and places may be parts of the run', () => {
    const steps = authors({ unit: 'steps', end: '50%', every: 20 });
    expect(steps.at(0, 4000)).toEqual({ alpha: 1, beta: 0.1, frozen: false });
    expect(steps.at(11, 4000)).toEqual({ alpha: 1, beta: 0.11, frozen: false });
    expect(steps.at(12, 4000)).toEqual({ alpha: 0.99, beta: 0.11, frozen: false });
    expect(steps.at(22, 4000)).toEqual({ alpha: 0.99, beta: 0.12, frozen: false });
    expect(steps.at(1999, 4000)).toEqual({ alpha: 0.4, beta: 0.7, frozen: false });
    const epochs = authors({ end: '100%' });
    expect(epochs.at(0, 208, 13)).toEqual({ alpha: 1, beta: 0.1, frozen: false });
    expect(epochs.at(207, 208, 13)).toEqual({ alpha: 0.4, beta: 0.7, frozen: false });
  });

  test('frozen at (1, 0) before the start', () => {
    expect(authors({ start: 3, end: 10 }).at(1, 20, 1)).toEqual({ alpha: 1, beta: 0, frozen: true });
    expect(authors({ start: 3, end: 10 }).at(2, 20, 1)).toEqual({ alpha: 1, beta: 0.1, frozen: false });
  });
});
