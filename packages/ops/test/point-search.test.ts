/** The searches against the reference, against all pairs, and at the sizes that they are for. */
import { join } from 'node:path';
import { readReference, sharedPath } from '@dr2net/testing';
import { describe, expect, test } from 'vitest';
import { ballQuery, farthestPoints, nearestPoints, type Points, searchTree, threeNearest } from '../src/index.ts';
import { generator } from './conformance/random.ts';

const folder = sharedPath('reference/pointcloud-ops');
const scenes = {
  random: { fps: 24, k: 6, count: 8, radius: 0.45 },
  duplicates: { fps: 32, k: 6, count: 8, radius: 0.75 },
  'all-equal': { fps: 5, k: 4, count: 3, radius: 0.5 },
  'empty-ball': { fps: 3, k: 2, count: 4, radius: 0.5 },
  'two-known': { fps: 3, k: 2, count: 4, radius: 1.5 },
};

describe.skipIf(!folder).each(Object.entries(scenes))('reference %s', (scene, { fps, k, count, radius }) => {
  const expected = folder ? readReference(join(folder, 'expected.safetensors')) : new Map();
  const clouds = (name: string): number[][] => {
    const { shape, data } = expected.get(`${scene}/${name}`)!;
    const each = data.length / shape[0]!;
    return Array.from({ length: shape[0]! }, (_, b) => Array.from(data.slice(b * each, (b + 1) * each)));
  };
  const points = (name: string): Points[] => clouds(name).map((list) => Float32Array.from(list));
  const closeTo = (actual: Float32Array, wanted: number[]) => {
    expect(actual.length).toBe(wanted.length);
    actual.forEach((value, i) => {
      expect(Math.abs(value - wanted[i]!)).toBeLessThanOrEqual(2e-7 * Math.max(1, Math.abs(wanted[i]!)));
    });
  };

  test('farthest points', () => {
    const wanted = clouds('fps.indices');
    for (const [b, cloud] of points('points').entries())
      expect(Array.from(farthestPoints(cloud, fps))).toEqual(wanted[b]);
  });

  test('nearest points', () => {
    const queries = points('queries');
    for (const [b, cloud] of points('points').entries()) {
      const found = nearestPoints(cloud, queries[b]!, k);
      expect(Array.from(found.indices)).toEqual(clouds('knn.indices')[b]);
      closeTo(found.distances, clouds('knn.distances')[b]!);
    }
  });

  test('ball query', () => {
    const queries = points('queries');
    for (const [b, cloud] of points('points').entries())
      expect(Array.from(ballQuery(cloud, queries[b]!, { radius, count }))).toEqual(clouds('ball.indices')[b]);
  });

  test('three nearest', () => {
    const known = points('known');
    for (const [b, cloud] of points('points').entries()) {
      const found = threeNearest(known[b]!, cloud);
      expect(Array.from(found.indices)).toEqual(clouds('three.indices')[b]);
      closeTo(found.distances, clouds('three.distances')[b]!);
      closeTo(found.weights, clouds('three.weights')[b]!);
    }
  });
});

/** Points on a coarse lattice: many ties. */
function lattice(count: number, seed: number, side: number): Points {
  const next = generator(seed);
  return Float32Array.from({ length: 3 * count }, () => Math.floor(next() * side));
}

const squared = (a: Points, i: number, b: Points, j: number) =>
  (a[3 * i]! - b[3 * j]!) ** 2 + (a[3 * i + 1]! - b[3 * j + 1]!) ** 2 + (a[3 * i + 2]! - b[3 * j + 2]!) ** 2;

describe.each([
  [1000, 6],
  [1000, 1],
  [777, 1000],
])('%i points on a lattice of side %i against all pairs', (count, side) => {
  const cloud = lattice(count, 1, side);
  const queries = lattice(50, 2, side);
  const byDistance = (q: number) =>
    Array.from({ length: count }, (_, i) => i).sort(
      (i, j) => squared(cloud, i, queries, q) - squared(cloud, j, queries, q) || i - j,
    );

  test('farthest points', () => {
    const distances = new Float64Array(count).fill(Infinity);
    const wanted = [5];
    while (wanted.length < 200) {
      const last = wanted.at(-1)!;
      for (let i = 0; i < count; i++) distances[i] = Math.min(distances[i]!, squared(cloud, i, cloud, last));
      wanted.push(distances.indexOf(Math.max(...distances)));
    }
    expect(Array.from(farthestPoints(cloud, 200, 5))).toEqual(wanted);
  });

  test('nearest points', () => {
    const { indices } = nearestPoints(cloud, queries, 20);
    for (let q = 0; q < 50; q++)
      expect(Array.from(indices.slice(20 * q, 20 * q + 20))).toEqual(byDistance(q).slice(0, 20));
  });

  test('ball query', () => {
    const radius = side / 3;
    const indices = ballQuery(cloud, queries, { radius, count: 20 });
    for (let q = 0; q < 50; q++) {
      const inside = Array.from({ length: count }, (_, i) => i).filter(
        (i) => squared(cloud, i, queries, q) < radius ** 2,
      );
      const wanted = Array.from({ length: 20 }, (_, i) => inside[i] ?? inside[0] ?? 0);
      expect(Array.from(indices.slice(20 * q, 20 * q + 20))).toEqual(wanted);
    }
  });
});

describe('100,000 points to 1024 groups of 32', () => {
  const next = generator(3);
  test.each([
    ['even', () => next()],
    ['clumped', () => next() ** 8],
    ['all equal', () => 1],
  ])('%s: seconds, not all pairs', (_, coordinate) => {
    const cloud = Float32Array.from({ length: 300_000 }, coordinate);
    const start = process.cpuUsage();
    const centres = farthestPoints(cloud, 1024);
    const queries = Float32Array.from(
      { length: 3 * 1024 },
      (__, i) => cloud[3 * centres[Math.floor(i / 3)]! + (i % 3)]!,
    );
    const { indices } = nearestPoints(cloud, queries, 32);
    expect(indices.length).toBe(1024 * 32);
    // Of the processor's time, whatever else it does; measured: well under one.
    expect(process.cpuUsage(start).user / 1e6).toBeLessThan(5);
  });
});

test('a tree that is made once gives what each search finds with its own', () => {
  const next = generator(4);
  const points = Float32Array.from({ length: 900 }, next);
  const tree = searchTree(points);
  const queries = points.slice(0, 60);
  expect(farthestPoints(points, 40, 3, tree)).toEqual(farthestPoints(points, 40, 3));
  expect(nearestPoints(points, queries, 5, tree)).toEqual(nearestPoints(points, queries, 5));
  expect(threeNearest(points, queries, tree)).toEqual(threeNearest(points, queries));
  const ball = { radius: 0.2, count: 6 };
  expect(ballQuery(points, queries, { ...ball, tree })).toEqual(ballQuery(points, queries, ball));
});

const cloud = Float32Array.of(0, 0, 0, 1, 1, 1);
test.each([
  ['the tree of another cloud', () => farthestPoints(cloud, 1, 0, searchTree(cloud.slice())), 'of another cloud'],
  ['a tree of no points', () => searchTree(new Float32Array(0)), 'has no points'],
  ['no points', () => farthestPoints(new Float32Array(0), 1), 'has no points'],
  ['no triples', () => farthestPoints(new Float32Array(4), 1), 'has 4 numbers'],
  ['NaN', () => nearestPoints(Float32Array.of(0, 0, 0, 0, Number.NaN, 0), cloud, 1), 'points, point 1: y is NaN'],
  [
    'infinite',
    () => ballQuery(cloud, Float32Array.of(0, 0, Infinity), { radius: 1, count: 1 }),
    'queries, point 0: z is Infinity',
  ],
  ['too many groups', () => farthestPoints(cloud, 3), 'count is 3 where the cloud has 2 points'],
  ['a start outside', () => farthestPoints(cloud, 1, 2), 'start is 2; choose an index from 0 to 1'],
  ['k > N', () => nearestPoints(cloud, cloud, 3), 'k is 3 where the cloud has 2 points'],
  ['radius 0', () => ballQuery(cloud, cloud, { radius: 0, count: 1 }), 'radius is 0; it must be greater than 0'],
  ['no neighbours', () => ballQuery(cloud, cloud, { radius: 1, count: 0 }), 'count is 0'],
  ['nothing known', () => threeNearest(new Float32Array(0), cloud), 'known has no points'],
])('%s is refused', (_, act, message) => {
  expect(act).toThrow(message);
});
