/** Which numbers a point has besides its place. */
import type { PointCloud } from '../cloud/cloud.ts';
import { BadCloudError } from '../errors.ts';

/**
 * `height`: z above the sample's lowest point (1 channel); `position`: x, y, z in the sample (3); `colour`: red, green, blue in
 * 0 … 1 (3); `intensity`: over the scene's largest (1); any other name: the file's column of that name (1).
 */
export type Feature = 'height' | 'position' | 'colour' | 'intensity' | (string & {});

const widths: Record<string, number> = { position: 3, colour: 3 };

/** Channels of these features. */
export const channelsOf = (features: readonly Feature[]) =>
  features.reduce((sum, feature) => sum + (widths[feature] ?? 1), 0);

function checkFinite(id: string, name: string, values: Float32Array): void {
  const point = values.findIndex((value) => !Number.isFinite(value));
  if (point >= 0)
    throw new BadCloudError(
      id,
      'not-finite',
      `point ${point}: feature "${name}" is ${values[point]}. Mend the file, remove the point, or choose other features.`,
    );
}

/** @throws BadCloudError where the scene lacks one, or has a number in it that is not finite */
export function checkFeatures(cloud: PointCloud, features: readonly Feature[]): void {
  const there = [
    'height',
    'position',
    ...(cloud.colours ? ['colour'] : []),
    ...(cloud.intensity ? ['intensity'] : []),
    ...Object.keys(cloud.features),
  ];
  const missing = features.find((feature) => !there.includes(feature));
  if (missing !== undefined)
    throw new BadCloudError(
      cloud.id,
      'columns',
      `it has no feature "${missing}"; it has: ${there.join(', ')}. Choose others (features: […]).`,
    );
  for (const feature of features) {
    const values = feature === 'intensity' ? cloud.intensity : cloud.features[feature];
    if (values) checkFinite(cloud.id, feature, values);
  }
}

export interface SampleFeatures {
  readonly features: readonly Feature[];
  /** [points, 3] of the sample, augmented. */
  readonly positions: Float32Array;
  /** Point numbers in the scene. */
  readonly sample: Int32Array;
  readonly withoutColours: boolean;
  /** The scene's largest intensity. */
  readonly brightest: number;
}

/** [points, channels] */
export function featureRows(cloud: PointCloud, options: SampleFeatures): Float32Array {
  const { features, positions, sample, withoutColours, brightest } = options;
  const channels = channelsOf(features);
  const rows = new Float32Array(sample.length * channels);
  let channel = 0;
  const fill = (value: (point: number, i: number) => number) => {
    for (let i = 0; i < sample.length; i++) rows[i * channels + channel] = value(sample[i] as number, i);
    channel++;
  };
  for (const feature of features) {
    if (feature === 'height') fill((_, i) => positions[3 * i + 2] as number);
    else if (feature === 'position')
      for (let axis = 0; axis < 3; axis++) fill((_, i) => positions[3 * i + axis] as number);
    else if (feature === 'colour')
      for (let c = 0; c < 3; c++)
        fill((point) => (withoutColours ? 0 : (cloud.colours?.[3 * point + c] as number) / 255));
    else if (feature === 'intensity') fill((point) => (cloud.intensity?.[point] as number) / brightest);
    else fill((point) => cloud.features[feature]?.[point] as number);
  }
  return rows;
}
