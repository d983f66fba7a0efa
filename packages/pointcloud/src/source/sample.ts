/** From point numbers of a scene to the numbers of one sample. */
import type { Random } from '@dr2net/models';
import { dropPoints, movePoints, type PointAugmentation } from '../augment/augment.ts';
import { type Feature, featureRows } from './features.ts';
import type { PreparedScene } from './scenes.ts';

export interface RawSample {
  /** Point numbers in the prepared scene. */
  readonly points: Int32Array;
  /** `[points, 3]`: x and y from the sample's middle, z from its lowest point, in `unit`s. */
  readonly positions: Float32Array;
  /** [points, channels] */
  readonly features: Float32Array;
  /** `[points]`: class indices, 255 where ignored. */
  readonly labels: Int32Array;
}

/** Positions of these points, with the middle of their extent at x = y = 0 and the lowest at z = 0. */
function centred(all: Float32Array, points: Int32Array): Float32Array {
  const positions = new Float32Array(3 * points.length);
  const [least, most] = [
    [Infinity, Infinity, Infinity],
    [-Infinity, -Infinity, -Infinity],
  ];
  for (let i = 0; i < points.length; i++)
    for (let axis = 0; axis < 3; axis++) {
      const value = all[3 * (points[i] as number) + axis] as number;
      positions[3 * i + axis] = value;
      least[axis] = Math.min(least[axis] as number, value);
      most[axis] = Math.max(most[axis] as number, value);
    }
  const shift = [0, 1, 2].map((axis) =>
    axis === 2 ? (least[2] as number) : ((least[axis] as number) + (most[axis] as number)) / 2,
  );
  for (let i = 0; i < positions.length; i++) positions[i] = (positions[i] as number) - (shift[i % 3] as number);
  return positions;
}

/**
 * @param unit the length that counts as 1
 * @param augment absent in evaluation
 * @param random gives the generator for a purpose
 */
export function makeSample(
  scene: PreparedScene,
  chosen: Int32Array,
  { features, unit }: { readonly features: readonly Feature[]; readonly unit: number },
  augment?: { readonly options: Required<PointAugmentation>; readonly random: (purpose: string) => Random },
): RawSample {
  const { cloud, brightest } = scene;
  const points = augment ? dropPoints(chosen, augment.random('dropout'), augment.options.dropout) : chosen;
  const positions = centred(cloud.positions, points);
  if (augment) movePoints(positions, augment.random, augment.options);
  if (unit !== 1) for (let i = 0; i < positions.length; i++) positions[i] = (positions[i] as number) / unit;
  const withoutColours = augment !== undefined && augment.random('colour')() < augment.options.colourDrop;
  const labels = cloud.labels as Int32Array;
  return {
    points,
    positions,
    features: featureRows(cloud, { features, positions, sample: points, withoutColours, brightest }),
    labels: points.map((point) => labels[point] as number),
  };
}
