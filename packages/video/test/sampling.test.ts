import { randomFrom } from '@dr2net/models';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { denseSampling, type Sampling, uniformSampling } from '../src/node.ts';

const frames = fc.integer({ min: 1, max: 16 });
const total = fc.integer({ min: 2, max: 400 });
const samplings: Record<string, fc.Arbitrary<Sampling>> = {
  uniform: fc.tuple(frames, fc.constantFrom(1, 3, 5, 7)).map(([t, candidates]) => uniformSampling(t, { candidates })),
  dense: fc
    .tuple(frames, fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 9 }))
    .map(([t, stride, starts]) => denseSampling(t, { stride, starts })),
};

describe.each(Object.entries(samplings))('%s', (_, sampling) => {
  it('draws ascending frames of the clip, all of them candidates, the same for the same seed', () => {
    fc.assert(
      fc.property(sampling, total, fc.nat(), (made, n, seed) => {
        const drawn = made.draw(n, randomFrom(seed));
        expect(drawn).toHaveLength(made.frames);
        expect(drawn).toEqual([...drawn].sort((a, b) => a - b));
        expect(made.draw(n, randomFrom(seed))).toEqual(drawn);
        const candidates = made.candidates(n);
        expect(candidates).toEqual([...new Set(candidates)].sort((a, b) => a - b));
        expect(Math.min(...candidates)).toBeGreaterThanOrEqual(0);
        expect(Math.max(...candidates)).toBeLessThan(n);
        for (const frame of [...drawn, ...made.view(n, 0, 1)]) expect(candidates).toContain(frame);
      }),
    );
  });
});

describe('uniformSampling', () => {
  it('takes one frame of each segment: the middle in evaluation, any part in training', () => {
    const sampling = uniformSampling(4, { candidates: 5 });
    expect(sampling.view(40, 0, 1)).toEqual([5, 15, 25, 35]);
    expect(sampling.view(40, 0, 5)).toEqual([1, 11, 21, 31]);
    expect(sampling.view(40, 4, 5)).toEqual([9, 19, 29, 39]);
    const random = randomFrom(7);
    const seen = new Set<number>();
    for (let i = 0; i < 200; i++)
      for (const [k, frame] of sampling.draw(40, random).entries()) {
        expect(Math.floor(frame / 10)).toBe(k);
        seen.add(frame);
      }
    expect([...seen].sort((a, b) => a - b)).toEqual(sampling.candidates(40));
  });

  it('repeats frames of a clip that is too short', () => {
    expect(uniformSampling(4).view(2, 0, 1)).toEqual([0, 0, 1, 1]);
  });

  it('refuses counts that cannot be', () => {
    expect(() => uniformSampling(0)).toThrow(/frames is 0/);
    expect(() => uniformSampling(4, { candidates: 4 })).toThrow(/candidates is 4; it must be odd/);
    expect(() => uniformSampling(4, { candidates: 3 }).view(9, 0, 5)).toThrow(/5 temporal views of 3 candidates/);
  });
});

describe('denseSampling', () => {
  it('keeps its stride, and starts in the middle in evaluation', () => {
    const sampling = denseSampling(4, { stride: 3 });
    expect(sampling.view(30, 0, 1)).toEqual([10, 13, 16, 19]);
    expect(sampling.view(5, 0, 1)).toEqual([0, 3, 4, 4]);
    expect(() => denseSampling(4, { stride: 0 })).toThrow(/stride is 0/);
    expect(() => sampling.view(30, 0, 10)).toThrow(/10 temporal views of 9 starts/);
  });
});
