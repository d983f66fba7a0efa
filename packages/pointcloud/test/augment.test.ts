import { randomFrom } from '@dr2net/models';
import { describe, expect, it } from 'vitest';
import { checkAugmentation, dropPoints, movePoints, type PointAugmentation } from '../src/augment/augment.ts';

const off = { rotate: 0, scale: [1, 1], flip: 0, jitter: 0, dropout: 0, colourDrop: 0 } as const;
const cloud = () => Float32Array.from({ length: 300 }, (_, i) => Math.sin(i * i + 1) * (1 + (i % 3)));
const generator = (seed: number) => (purpose: string) => randomFrom(seed, purpose);
function moved(options: PointAugmentation, seed = 1): Float32Array {
  const positions = cloud();
  movePoints(positions, generator(seed), checkAugmentation({ ...off, ...options }));
  return positions;
}
const lengths = (p: Float32Array, axes: readonly number[]) =>
  Array.from({ length: p.length / 3 }, (_, i) => Math.hypot(...axes.map((axis) => p[3 * i + axis] as number)));
function expectNear(actual: readonly number[], expected: readonly number[]): void {
  for (const [i, value] of expected.entries()) expect(Math.abs((actual[i] ?? Number.NaN) - value)).toBeLessThan(1e-5);
}

describe('movePoints', () => {
  it('does nothing where all is off', () => expect(moved({})).toEqual(cloud()));

  it('turns about the vertical axis by one angle, seed by seed', () => {
    const [before, after] = [cloud(), moved({ rotate: Math.PI })];
    expectNear(lengths(after, [0, 1]), lengths(before, [0, 1]));
    expectNear(lengths(after, [2]), lengths(before, [2]));
    const angle = (i: number) =>
      Math.atan2(after[3 * i + 1]!, after[3 * i]!) - Math.atan2(before[3 * i + 1]!, before[3 * i]!);
    const turn = (angle(0) + 4 * Math.PI) % (2 * Math.PI);
    expect(turn).toBeGreaterThan(0.01);
    for (let i = 1; i < 100; i++) expect(Math.abs(Math.sin((angle(i) - turn) / 2))).toBeLessThan(1e-4);
    expect(moved({ rotate: Math.PI })).toEqual(after);
    expect(moved({ rotate: Math.PI }, 2)).not.toEqual(after);
  });

  it('scales all axes by one factor of the range', () => {
    const after = moved({ scale: [1.2, 1.5] });
    const factor = after[0]! / cloud()[0]!;
    expect(factor).toBeGreaterThan(1.2);
    expect(factor).toBeLessThan(1.5);
    expectNear(
      [...after],
      [...cloud()].map((value) => value * factor),
    );
  });

  it('mirrors x and y apart, each as often as told', () => {
    const signs = Array.from({ length: 400 }, (_, seed) => {
      const after = moved({ flip: 0.5 }, seed);
      return [0, 1, 2].map((axis) => Math.sign(after[axis]! / cloud()[axis]!)).join('');
    });
    for (const kind of ['111', '-111', '1-11', '-1-11']) {
      const count = signs.filter((sign) => sign === kind).length;
      expect(count).toBeGreaterThan(60);
      expect(count).toBeLessThan(140);
    }
    expect(moved({ flip: 1 })[0]).toBe(-cloud()[0]!);
  });

  it('jitters with the deviation and within the limit that are given', () => {
    const shifts = Array.from({ length: 20 }, (_, seed) => [
      ...moved({ jitter: 0.1, jitterLimit: 0.25 }, seed),
    ]).flatMap((after) => after.map((value, i) => value - cloud()[i]!));
    const deviation = Math.sqrt(shifts.reduce((sum, shift) => sum + shift * shift, 0) / shifts.length);
    expect(Math.abs(deviation - 0.098)).toBeLessThan(0.006);
    expect(Math.max(...shifts.map(Math.abs))).toBeLessThan(0.25 + 1e-6);
  });

  it('draws each change apart from the others', () => {
    const turned = moved({ rotate: 1 });
    const both = moved({ rotate: 1, scale: [2, 2] });
    expectNear(
      [...both],
      [...turned].map((value) => 2 * value),
    );
  });
});

it('drops points in favour of kept ones, and keeps the size', () => {
  const sample = Int32Array.from({ length: 1000 }, (_, i) => i + 5);
  const distinct = Array.from(
    { length: 50 },
    (_, seed) => new Set(dropPoints(sample, randomFrom(seed, 'd'), 0.6)).size,
  );
  expect(dropPoints(sample, randomFrom(3, 'd'), 0.6).length).toBe(1000);
  expect(Math.min(...distinct)).toBeLessThan(500);
  expect(Math.min(...distinct)).toBeGreaterThan(350);
  expect(Math.max(...distinct)).toBeGreaterThan(900);
  expect(dropPoints(sample, randomFrom(1, 'd'), 0)).toEqual(sample);
  expect([...dropPoints(Int32Array.of(4), randomFrom(1, 'd'), 0.9)]).toEqual([4]);
});

it.each([
  [{ rotate: 4 }, /rotate is 4/],
  [{ flip: -0.1 }, /flip is -0.1/],
  [{ scale: [2, 1] }, /scale is \[2, 1\]/],
  [{ scale: [0, 1] }, /above 0/],
  [{ dropout: 1 }, /dropout is 1/],
  [{ jitter: Number.NaN }, /jitter is NaN/],
] as const)('refuses %o', (options, message) => {
  expect(() => checkAugmentation(options as unknown as PointAugmentation)).toThrow(message);
});
