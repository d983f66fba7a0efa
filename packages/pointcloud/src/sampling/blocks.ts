/** Blocks: columns with a square base, of which a sample takes a given number of points at random (PointNet, arXiv 1612.00593). */
import { type Random, randomFrom, requireWhole } from '@dr2net/models';
import { bounds } from '../cloud/cloud.ts';
import { checkScene } from './check.ts';
import type { PointSample, SceneSampling } from './contract.ts';
import { PointGrid } from './grid.ts';

/** What a block is. */
export interface BlockOptions {
  /** Points of a sample. */
  readonly points: number;
  /** Side of the base, in the scene's unit. */
  readonly side: number;
  /** In evaluation: the share of a block that its neighbour has too, in [0, 1). Default 0.5. */
  readonly overlap?: number;
}

/** `points` of them: some at random where there are more, all and some twice where there are fewer. */
function pick(inside: Int32Array, points: number, random: Random): PointSample {
  const shuffled = inside.slice();
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [shuffled[i], shuffled[j]] = [shuffled[j] as number, shuffled[i] as number];
  }
  const sample = new Int32Array(points);
  sample.set(shuffled.subarray(0, points));
  for (let i = shuffled.length; i < points; i++) sample[i] = inside[random.below(inside.length)] as number;
  return sample;
}

/**
 * The blocks that may have a point: their columns by row, in order. (All of the bounding box would be no end of them where one stray point
 * lies far away.)
 */
function occupied(
  positions: Float32Array,
  least: readonly number[],
  side: number,
  stride: number,
  last: readonly [number, number],
): [row: number, columns: number[]][] {
  // Rounding must not leave a block out; one too many is empty.
  const slack = 1e-5;
  const reach = (value: number, axis: 0 | 1) => {
    const at = (value - (least[axis] as number)) / stride;
    const from = Math.max(0, Math.ceil(at - side / stride - slack));
    return [Math.min(from, last[axis]), Math.min(Math.floor(at + slack), last[axis])] as const;
  };
  const rows = new Map<number, Set<number>>();
  for (let i = 0; i < positions.length; i += 3) {
    const [left, right] = reach(positions[i] as number, 0);
    const [low, high] = reach(positions[i + 1] as number, 1);
    for (let row = low; row <= high; row++) {
      const columns = rows.get(row) ?? new Set();
      rows.set(row, columns);
      for (let column = left; column <= right; column++) columns.add(column);
    }
  }
  const ascending = (a: number, b: number) => a - b;
  return [...rows]
    .sort(([a], [b]) => a - b)
    .map(([row, columns]) => [row, [...columns].sort(ascending)] as [number, number[]]);
}

/**
 * In training around a random point of the scene. In evaluation over the whole scene, `overlap` apart; a block with more
 * points than a sample makes several.
 */
export function blockSampling({ points, side, overlap = 0.5 }: BlockOptions): SceneSampling {
  requireWhole(points, 1, 'points');
  if (!(side > 0 && Number.isFinite(side)))
    throw new RangeError(`side is ${side}; it must be above 0, in the scene's unit.`);
  if (!(overlap >= 0 && overlap < 1)) throw new RangeError(`overlap is ${overlap}; it must lie in [0, 1).`);
  return {
    points,
    prepare(id, positions) {
      checkScene(id, positions, points);
      const grid = new PointGrid(positions, side / 2, true);
      return {
        draw(random) {
          const centre = random.below(positions.length / 3);
          const [x, y] = [positions[3 * centre] as number, positions[3 * centre + 1] as number];
          return pick(grid.column(x, y, side / 2), points, random);
        },
        cover() {
          const { least, most } = bounds(positions);
          const stride = side * (1 - overlap);
          const last = ([0, 1] as const).map((axis) =>
            Math.max(0, Math.ceil((most[axis] - least[axis] - side) / stride - 1e-9)),
          ) as [number, number];
          const samples: PointSample[] = [];
          for (const [row, columns] of occupied(positions, least, side, stride, last))
            for (const column of columns) {
              const [x, y] = [least[0] + side / 2 + column * stride, least[1] + side / 2 + row * stride];
              // A little more than half: rounding must not leave a point between two blocks.
              const inside = grid.column(x, y, (side / 2) * (1 + 1e-6) + 1e-6 * stride);
              if (inside.length === 0) continue;
              const random = randomFrom(0, 'cover', samples.length);
              const all = pick(inside, Math.max(inside.length, points), random);
              for (let from = 0; from < all.length; from += points)
                samples.push(
                  all.slice(Math.min(from, all.length - points), Math.min(from, all.length - points) + points),
                );
            }
          return samples;
        },
      };
    },
  };
}
