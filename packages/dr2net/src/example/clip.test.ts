import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clipOptions, drawClip } from './clip.ts';
import { drawGlyph } from './glyph.ts';
import { motions, randomPath } from './motion.ts';
import { Random } from './random.ts';

describe('clips', () => {
  const glyphs = Array.from({ length: 5 }, (_, i) => drawGlyph([i]));

  it('are the same bytes for the same seed, and others for another', () => {
    fc.assert(
      fc.property(fc.constantFrom(...motions), fc.nat(), fc.nat(), (motion, a, b) => {
        const clip = drawClip(motion, glyphs, [a, 1]);
        expect(clip.length).toBe(clipOptions.frames * clipOptions.size ** 2 * 3);
        expect(Buffer.compare(clip, drawClip(motion, glyphs, [a, 1]))).toBe(0);
        if (a !== b) expect(Buffer.compare(clip, drawClip(motion, glyphs, [b, 1]))).not.toBe(0);
      }),
      { numRuns: 25 },
    );
  });

  it('can be of any length and size', () => {
    expect(drawClip('grow', glyphs, [1], { frames: 3, size: 16 }).length).toBe(3 * 16 * 16 * 3);
    expect(drawClip('grow', glyphs, [1], { frames: 1, size: 16 }).length).toBe(16 * 16 * 3);
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

  it('shake about a place, and stand still at one', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const [shake, still] = [path('shake', seed), path('still', seed)];
        const times = Array.from({ length: 64 }, (_, i) => i / 64);
        const middle = times.reduce((sum, time) => sum + shake(time).x, 0) / times.length;
        expect(shake(0).x).toBeCloseTo(shake(1).x, 6);
        expect(Math.abs(middle - shake(0).x)).toBeLessThan(0.111 * size);
        const reach = (at: typeof shake) =>
          Math.max(...times.map((time) => Math.hypot(at(time).x - at(0).x, at(time).y - at(0).y)));
        expect(reach(shake)).toBeGreaterThan(0.07 * size);
        expect(reach(still)).toBe(0);
      }),
    );
  });

  it('do not give their motion away by one frame: the middle of the path is what is random', () => {
    const middles = (motion: 'left' | 'right') => Array.from({ length: 400 }, (_, seed) => path(motion, seed)(0.5).x);
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(Math.abs(mean(middles('left')) - mean(middles('right')))).toBeLessThan(0.5);
  });
});
