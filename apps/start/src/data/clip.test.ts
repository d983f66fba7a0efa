import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clipOptions, drawClip } from './clip.ts';
import { readDigits } from './digits.ts';
import { motions, randomPath } from './motion.ts';
import { Random } from './random.ts';

describe('digits', () => {
  it('are 1297 and 500 images, no one in both parts', () => {
    const [train, val] = [readDigits('train'), readDigits('val')];
    expect([train.length, val.length]).toEqual([1297, 500]);
    const seen = new Set(train.map(String));
    expect(val.filter((digit) => seen.has(String(digit)))).toEqual([]);
    // The first line of the file: a nought whose top row is 0 0 5 13 9 1 0 0.
    expect([...(train[0] ?? [])].slice(0, 8)).toEqual([0, 0, 5, 13, 9, 1, 0, 0].map((value) => value / 16));
  });
});

describe('clips', () => {
  const digits = readDigits('val');

  it('are the same bytes for the same seed, and others for another', () => {
    fc.assert(
      fc.property(fc.constantFrom(...motions), fc.nat(), fc.nat(), (motion, a, b) => {
        const clip = drawClip(motion, digits, [a, 1]);
        expect(clip.length).toBe(clipOptions.frames * clipOptions.size ** 2 * 3);
        expect(Buffer.compare(clip, drawClip(motion, digits, [a, 1]))).toBe(0);
        if (a !== b) expect(Buffer.compare(clip, drawClip(motion, digits, [b, 1]))).not.toBe(0);
      }),
      { numRuns: 25 },
    );
  });

  it('are these bytes on every machine', () => {
    const sum = (motion: (typeof motions)[number]) =>
      drawClip(motion, digits, [7, 7]).reduce((total, byte) => total + byte, 0);
    expect(sum('left')).toMatchInlineSnapshot(`2275635`);
    expect(sum('clockwise')).toMatchInlineSnapshot(`2272205`);
  });

  it('can be of any length and size', () => {
    expect(drawClip('grow', digits, [1], { frames: 3, size: 16 }).length).toBe(3 * 16 * 16 * 3);
    expect(drawClip('grow', digits, [1], { frames: 1, size: 16 }).length).toBe(16 * 16 * 3);
  });
});

describe('paths', () => {
  const size = 32;
  const path = (motion: (typeof motions)[number], seed: number) => randomPath(motion, size, new Random(seed));

  it('move the way that their label says', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const moved = (motion: (typeof motions)[number]) => {
          const [from, to] = [path(motion, seed)(0), path(motion, seed)(1)];
          return { x: to.x - from.x, y: to.y - from.y, size: to.size / from.size };
        };
        expect(moved('left').x).toBeLessThan(-0.2 * size);
        expect(moved('right').x).toBeGreaterThan(0.2 * size);
        expect(moved('up').y).toBeLessThan(-0.2 * size);
        expect(moved('down').y).toBeGreaterThan(0.2 * size);
        expect(moved('grow').size).toBeGreaterThan(1.3);
        expect(moved('shrink').size).toBeLessThan(1 / 1.3);
      }),
    );
  });

  it('turn clockwise as the eye sees it (y points down), and the other way round', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        for (const [motion, sign] of [
          ['clockwise', 1],
          ['anticlockwise', -1],
        ] as const) {
          const at = path(motion, seed);
          const [a, b, c] = [at(0), at(0.1), at(0.2)];
          const cross = (b.x - a.x) * (c.y - b.y) - (b.y - a.y) * (c.x - b.x);
          expect(Math.sign(cross)).toBe(sign);
        }
      }),
    );
  });

  it('do not give their motion away by one frame: the middle of the path is what is random', () => {
    const middles = (motion: 'left' | 'right') => Array.from({ length: 400 }, (_, seed) => path(motion, seed)(0.5).x);
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(Math.abs(mean(middles('left')) - mean(middles('right')))).toBeLessThan(0.5);
  });
});
