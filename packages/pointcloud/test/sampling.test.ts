/** Voxels, spheres and blocks, against plain searches over all points. */
import { randomFrom } from '@dr2net/models';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blockSampling, type SceneSampling, sphereSampling, voxelSubsample } from '../src/node.ts';
import { cellSide, PointGrid } from '../src/sampling/grid.ts';

/** A rough floor with clumps on it, a few duplicates, and (if wanted) one stray point far away. */
function scene(count: number, seed: number, stray = false): Float32Array {
  const random = randomFrom(seed, 'scene');
  const positions = new Float32Array(3 * count);
  for (let i = 0; i < count; i++) {
    const clump = random() < 0.5;
    positions.set(
      [random.between(0, clump ? 2 : 20), random.between(-10, clump ? -9 : 10), random() * (clump ? 3 : 0.2)],
      3 * i,
    );
  }
  positions.copyWithin(3, 0, 3);
  if (stray) positions.set([1e5, -1e5, 400], 3 * (count - 1));
  return positions;
}

const squared = (p: Float32Array, i: number, [x, y, z]: readonly number[], flat: boolean) =>
  (p[3 * i]! - x!) ** 2 + (p[3 * i + 1]! - y!) ** 2 + (flat ? 0 : (p[3 * i + 2]! - z!) ** 2);

describe('PointGrid', () => {
  it.each([false, true])('finds the nearest as sorting all points does (stray point: %s)', (stray) => {
    fc.assert(
      fc.property(fc.nat(1000), fc.integer({ min: 2, max: 400 }), fc.boolean(), (seed, count, flat) => {
        const positions = scene(count, seed, stray);
        const random = randomFrom(seed, 'queries');
        const grid = new PointGrid(positions, cellSide(positions, 4, flat), flat);
        for (let q = 0; q < 5; q++) {
          const at =
            q === 0 ? [...positions.subarray(0, 3)] : [random.between(-5, 25), random.between(-12, 12), random()];
          const k = 1 + random.below(count + 3);
          const all = Array.from({ length: count }, (_, i) => i);
          const expected = all.sort(
            (a, b) => squared(positions, a, at, flat) - squared(positions, b, at, flat) || a - b,
          );
          expect([...grid.nearest(at[0]!, at[1]!, at[2]!, k)]).toEqual(expected.slice(0, k));
          const half = random.between(0.1, 6);
          const inside = (i: number) =>
            Math.abs(positions[3 * i]! - at[0]!) <= half && Math.abs(positions[3 * i + 1]! - at[1]!) <= half;
          const inColumn = all.filter(inside).sort((a, b) => a - b);
          if (flat) expect([...grid.column(at[0]!, at[1]!, half)]).toEqual(inColumn);
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('voxelSubsample', () => {
  it('keeps the point nearest to each voxel’s centre, and every point finds the one of its voxel', () => {
    const positions = scene(3000, 1);
    const side = 0.7;
    const { kept, standIn } = voxelSubsample(positions, { side });
    const voxel = (i: number) => [0, 1, 2].map((axis) => Math.floor(positions[3 * i + axis]! / side)).join(' ');
    const cost = (i: number) =>
      [0, 1, 2].reduce((sum, axis) => {
        const share = positions[3 * i + axis]! / side;
        return sum + (share - Math.floor(share) - 0.5) ** 2;
      }, 0);
    const best = new Map<string, number>();
    for (let i = 0; i < 3000; i++) {
      const other = best.get(voxel(i));
      if (other === undefined || cost(i) < cost(other)) best.set(voxel(i), i);
    }
    expect([...kept]).toEqual([...best.values()].sort((a, b) => a - b));
    for (let i = 0; i < 3000; i++) expect(voxel(kept[standIn[i]!]!)).toBe(voxel(i));
  });
  it('takes any point by seed: the same again, another with another seed, all over the voxel', () => {
    const positions = scene(3000, 2);
    const take = (seed: number) => voxelSubsample(positions, { side: 2, pick: 'random', seed });
    expect(take(1)).toEqual(take(1));
    const { kept, standIn } = take(1);
    const voxel = (i: number) => [0, 1, 2].map((axis) => Math.floor(positions[3 * i + axis]! / 2)).join(' ');
    for (let i = 0; i < 3000; i++) expect(voxel(kept[standIn[i]!]!)).toBe(voxel(i));
    expect([...take(1).kept]).not.toEqual([...take(2).kept]);
    const early = Array.from({ length: 200 }, (_, seed) => take(seed).kept[0]!);
    expect(new Set(early).size).toBeGreaterThan(10);
  });
  it('one voxel for all, one for each; refuses a side that cannot be', () => {
    const positions = Float32Array.of(0.1, 0.1, 0.1, 0.6, 0.4, 0.5, 0.9, 0.9, 0.9);
    expect([...voxelSubsample(positions, { side: 1 }).kept]).toEqual([1]);
    expect([...voxelSubsample(positions, { side: 0.3 }).standIn]).toEqual([0, 1, 2]);
    for (const side of [0, -1, Number.NaN, Infinity])
      expect(() => voxelSubsample(positions, { side })).toThrow(/side is .*above 0/);
  });
});

describe.each<[string, (points: number) => SceneSampling]>([
  ['spheres', (points) => sphereSampling({ points })],
  ['blocks', (points) => blockSampling({ points, side: 3 })],
])('%s', (_, make) => {
  it('cover every point, with samples of the size asked for, the same every time', () => {
    fc.assert(
      fc.property(
        fc.nat(100),
        fc.integer({ min: 2, max: 700 }),
        fc.integer({ min: 1, max: 64 }),
        (seed, count, wanted) => {
          const points = Math.min(count, wanted);
          const sampler = make(points).prepare('scene', scene(count, seed));
          const samples = sampler.cover();
          for (const sample of samples) expect(sample.length).toBe(points);
          expect(new Set(samples.flatMap((sample) => [...sample])).size).toBe(count);
          expect(sampler.cover()).toEqual(samples);
        },
      ),
      { numRuns: 60 },
    );
  });
  it('draws by the generator alone, and all over the scene', () => {
    const sampler = make(50).prepare('scene', scene(2000, 3));
    const draw = (seed: number) => sampler.draw(randomFrom(seed, 'draw'));
    expect(draw(1)).toEqual(draw(1));
    const drawn = Array.from({ length: 300 }, (_, seed) => [...draw(seed)]);
    expect(new Set(drawn.flat()).size).toBeGreaterThan(1400);
  });
  it('refuses a scene with fewer points than a sample, by name', () => {
    expect(() => make(100).prepare('room 3', scene(99, 1))).toThrow(
      /room 3: it has 99 points where a sample takes 100.*smaller/,
    );
    for (const points of [0, 1.5, Number.NaN]) expect(() => make(points)).toThrow(/points is .*whole number/);
  });
});

it('spheres have the nearest points; more votes, more samples of each point', () => {
  const positions = scene(1000, 4);
  const sample = sphereSampling({ points: 40 }).prepare('s', positions).draw(randomFrom(5, 'a'));
  const centre = [...positions.subarray(3 * sample[0]!, 3 * sample[0]! + 3)];
  const far = squared(positions, sample[39]!, centre, false);
  const nearer = Array.from({ length: 1000 }, (_, i) => i).filter((i) => squared(positions, i, centre, false) < far);
  expect(nearer.every((i) => sample.includes(i))).toBe(true);
  const seen = new Array<number>(1000).fill(0);
  for (const points of sphereSampling({ points: 40, votes: 3 }).prepare('s', positions).cover())
    for (const point of points) seen[point]!++;
  expect(Math.min(...seen)).toBe(3);
  expect(() => sphereSampling({ points: 4, votes: 0 })).toThrow(/votes is 0/);
});

it('blocks are columns around their centre; fewer points than a sample come again', () => {
  const positions = Float32Array.from({ length: 300 }, (_, i) => (i % 3 === 2 ? i : Math.floor(i / 30)));
  const sample = blockSampling({ points: 25, side: 1 }).prepare('s', positions).draw(randomFrom(1, 'b'));
  expect(new Set(Array.from(sample, (point) => positions[3 * point])).size).toBe(1);
  expect(new Set(sample).size).toBe(10);
  expect(() => blockSampling({ points: 4, side: 0 })).toThrow(/side is 0/);
  expect(() => blockSampling({ points: 4, side: 1, overlap: 1 })).toThrow(/overlap is 1/);
});

it('duplicates without end do not stop a cover', () => {
  const positions = new Float32Array(3 * 500);
  positions.set([1, 2, 3], 3 * 499);
  const samples = sphereSampling({ points: 7 }).prepare('s', positions).cover();
  expect(new Set(samples.flatMap((sample) => [...sample])).size).toBe(500);
});

it('a stray point far away does not make a cover of blocks endless', () => {
  const positions = scene(400, 6);
  positions.set([3e7, -2e7, 0], 0);
  const samples = blockSampling({ points: 50, side: 2 }).prepare('s', positions).cover();
  expect(new Set(samples.flatMap((sample) => [...sample])).size).toBe(400);
});
