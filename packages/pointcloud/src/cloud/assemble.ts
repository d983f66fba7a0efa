/** From columns to a cloud: every number checked, coordinates recentred where float32 would lose them. */
import { BadCloudError } from '../errors.ts';
import type { Origin, PointCloud } from './cloud.ts';
import type { Column, Columns } from './columns.ts';
import { assignRoles, type RoleOptions } from './roles.ts';

/** An offset may cost float32 four bits of its 24; what costs more is kept apart, in float64. */
const bitsLost = 4;

interface Extent {
  readonly least: number;
  readonly most: number;
}

function extentOf(id: string, axis: string, values: Column, { count, where }: Columns): Extent {
  let [least, most] = [Infinity, -Infinity];
  for (let i = 0; i < count; i++) {
    const value = values[i] as number;
    if (!Number.isFinite(Math.fround(value)))
      throw new BadCloudError(
        id,
        'not-finite',
        `${where(i)}: ${axis} is ${value}. Remove the point, or mend the file.`,
      );
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return { least, most };
}

const largest = ({ least, most }: Extent) => Math.max(Math.abs(least), Math.abs(most));

/** Zeros, or the middle of the cloud in whole numbers; in fractions where those would be too coarse for so small a cloud. */
function originOf(extents: readonly Extent[]): Origin {
  const half = Math.max(...extents.map(({ least, most }) => (most - least) / 2));
  if (extents.every((extent) => largest(extent) <= half * 2 ** bitsLost)) return [0, 0, 0];
  const unit = half > 0 ? Math.min(1, 2 ** (Math.floor(Math.log2(half)) + 3)) : 1;
  return extents.map(({ least, most }) => Math.round((least + most) / 2 / unit) * unit || 0) as [
    number,
    number,
    number,
  ];
}

/** Files hold 0 … 1, 0 … 255 or 0 … 65535; the largest value, and whether there are fractions, tell which. */
function toBytes(id: string, colours: readonly Column[], { count, where }: Columns): Uint8Array {
  let most = 0;
  let fractions = false;
  for (const channel of colours)
    for (let i = 0; i < count; i++) {
      const value = channel[i] as number;
      if (!(value >= 0 && value <= 65535))
        throw new BadCloudError(
          id,
          'columns',
          `${where(i)}: a colour is ${value}; colours lie in 0 … 1, 0 … 255 or 0 … 65535.`,
        );
      most = Math.max(most, value);
      fractions ||= !Number.isInteger(value);
    }
  const scale = most > 255 ? 255 / 65535 : most <= 1 && fractions ? 255 : 1;
  const bytes = new Uint8Array(3 * count);
  for (const [c, channel] of colours.entries())
    for (let i = 0; i < count; i++) bytes[3 * i + c] = Math.round((channel[i] as number) * scale);
  return bytes;
}

function toLabels(id: string, values: Column, { count, where }: Columns): Int32Array {
  const labels = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const value = values[i] as number;
    if (!Number.isInteger(value) || Math.abs(value) >= 2 ** 31)
      throw new BadCloudError(
        id,
        'labels',
        `${where(i)}: the label is ${value}, which is no whole number. Mend it, or say which column holds the labels (label: 'name').`,
      );
    labels[i] = value;
  }
  return labels;
}

/**
 * @throws BadCloudError for no points, coordinates that are not finite, points that all lie at one place, colours or
 * labels that cannot be
 */
export function assembleCloud(id: string, columns: Columns, options: RoleOptions = {}): PointCloud {
  const { count, where } = columns;
  const roles = assignRoles(id, columns, options);
  if (count === 0) throw new BadCloudError(id, 'empty', 'it has no points. Remove it, or export it again.');
  const axes = [roles.x, roles.y, roles.z] as const;
  const extents = axes.map((values, axis) => extentOf(id, 'xyz'[axis] as string, values, columns));
  if (count > 1 && extents.every(({ least, most }) => least === most))
    throw new BadCloudError(
      id,
      'duplicates',
      `all ${count} points lie at (${extents.map(({ least }) => least).join(', ')}). Export the cloud again.`,
    );
  const origin = originOf(extents);
  const positions = new Float32Array(3 * count);
  for (const [axis, values] of axes.entries())
    for (let i = 0; i < count; i++) positions[3 * i + axis] = (values[i] as number) - (origin[axis] as number);
  const far = Math.max(...extents.map(largest));
  const step = 2 ** (Math.floor(Math.log2(far)) - 23);
  const recentred = origin.some((value) => value !== 0);
  const colourless = roles.colours?.every((channel) => Array.prototype.every.call(channel, (value) => value === 0));
  return {
    id,
    count,
    origin,
    positions,
    ...(roles.colours && !colourless ? { colours: toBytes(id, roles.colours, columns) } : {}),
    ...(roles.intensity ? { intensity: Float32Array.from(roles.intensity) } : {}),
    ...(roles.label ? { labels: toLabels(id, roles.label, columns) } : {}),
    features: Object.fromEntries(
      Object.entries(roles.features).map(([name, values]) => [name, Float32Array.from(values)]),
    ),
    notes: recentred
      ? [
          `${id}: recentred, positions are relative to (${origin.join(', ')}): float32 has steps of ${step} at ${far} (${where(0)} is at ${axes.map((values) => values[0]).join(', ')}).`,
        ]
      : [],
  };
}
