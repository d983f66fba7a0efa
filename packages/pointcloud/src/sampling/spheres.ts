/** Spheres: the given number of points that are nearest to a centre. */
import { randomFrom, requireWhole } from '@dr2net/models';
import { checkScene } from './check.ts';
import type { PointSample, SceneSampling } from './contract.ts';
import { cellSide, PointGrid } from './grid.ts';

/** What a sphere is. */
export interface SphereOptions {
  /** Points of a sample. */
  readonly points: number;
  /** In evaluation: how many samples have each point, at least. Default 1 (neighbouring spheres overlap all the same). */
  readonly votes?: number;
}

/**
 * Random points of the scene as centres in training; in evaluation points that have been in fewest samples, until each has
 * had its votes. Points are in the order of their distance.
 */
export function sphereSampling({ points, votes = 1 }: SphereOptions): SceneSampling {
  requireWhole(points, 1, 'points');
  requireWhole(votes, 1, 'votes');
  return {
    points,
    prepare(id, positions) {
      checkScene(id, positions, points);
      const count = positions.length / 3;
      const grid = new PointGrid(positions, cellSide(positions, Math.max(4, points / 16)));
      const around = (centre: number): PointSample =>
        grid.nearest(
          positions[3 * centre] as number,
          positions[3 * centre + 1] as number,
          positions[3 * centre + 2] as number,
          points,
        );
      return {
        draw: (random) => around(random.below(count)),
        cover() {
          const seen = new Uint16Array(count);
          const samples: PointSample[] = [];
          const order = randomFrom(0, 'cover').shuffle(Array.from({ length: count }, (_, i) => i));
          for (let round = 1; round <= votes; round++)
            for (const centre of order) {
              if ((seen[centre] as number) >= round) continue;
              const sample = around(centre);
              // Of many points at one place, the nearest ones may all be others.
              if (!sample.includes(centre)) sample[sample.length - 1] = centre;
              for (const point of sample) seen[point] = (seen[point] as number) + 1;
              samples.push(sample);
            }
          return samples;
        },
      };
    },
  };
}
