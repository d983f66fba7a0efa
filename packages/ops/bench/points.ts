/**
 * Sampling and grouping of 100,000 points to 1024 groups of 32 on one core, and their parts.
 *
 *     node --conditions=@dr2net/source --import tsx bench/points.ts [points] [groups] [neighbours]
 */
import { ballQuery, farthestPoints, nearestPoints, threeNearest } from '../src/index.ts';
import { generator } from '../test/conformance/random.ts';

const [count = 100_000, groups = 1024, size = 32] = process.argv.slice(2).map(Number);
const rounds = 5;

const next = generator(1);
const clouds = {
  even: Float32Array.from({ length: 3 * count }, next),
  clumped: Float32Array.from({ length: 3 * count }, () => next() ** 8),
  'all equal': new Float32Array(3 * count).fill(1),
};

function median(run: () => unknown): number {
  const times = Array.from({ length: rounds }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  });
  return times.sort((a, b) => a - b)[Math.floor(rounds / 2)]!;
}

for (const [name, points] of Object.entries(clouds)) {
  const chosen = farthestPoints(points, groups);
  const centres = Float32Array.from(
    { length: 3 * groups },
    (_, i) => points[3 * chosen[Math.floor(i / 3)]! + (i % 3)]!,
  );
  const parts = {
    'farthest points': () => farthestPoints(points, groups),
    'nearest points': () => nearestPoints(points, centres, size),
    'ball query': () => ballQuery(points, centres, { radius: 0.1, count: size }),
    'three nearest of the groups': () => threeNearest(centres, points),
  };
  const times = Object.entries(parts).map(([part, run]) => `${part} ${median(run).toFixed(0)} ms`);
  console.log(`${name}: ${times.join(', ')}`);
}
