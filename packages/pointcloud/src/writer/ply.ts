/** PLY, binary little endian: positions, colours of classes, labels. */
import type { PointCloud } from '../cloud/cloud.ts';
import { classColour } from './palette.ts';

/** What a PLY holds beside positions. */
export interface PlyOptions {
  /** [count], 0 … 255: a property `label`, and the colours unless `colours` has others. */
  readonly labels?: ArrayLike<number>;
  /** [count], 0 … 255: a property `truth`, beside the labels that were found. */
  readonly truth?: ArrayLike<number>;
  /** [count, 3], 0 … 255. Default: of the classes, else the cloud's own. */
  readonly colours?: ArrayLike<number>;
  /** Names of the classes, written as comments: `class 0 tree`. */
  readonly classes?: readonly string[];
}

/** @throws RangeError for what a byte cannot hold: PLY's `uchar` would wrap it around silently */
function byte(value: number, what: string, cloud: PointCloud, point: number): number {
  if (!(Number.isInteger(value) && value >= 0 && value <= 255))
    throw new RangeError(`${cloud.id}, point ${point}: ${what} ${value} is none of 0 … 255.`);
  return value;
}

const channels = ['red', 'green', 'blue'] as const;

/**
 * Coordinates are written whole, with the origin: as double where there is one, else as float.
 * @throws RangeError for lists that are not as long as the cloud, or labels and colours that are none of 0 … 255
 */
export function encodePly(
  cloud: PointCloud,
  { labels, truth, colours, classes = [] }: PlyOptions = {},
): Uint8Array<ArrayBuffer> {
  const { count, origin, positions } = cloud;
  const labelled = [
    ...(labels ? [{ name: 'label', values: labels }] : []),
    ...(truth ? [{ name: 'truth', values: truth }] : []),
  ];
  for (const { name, values } of labelled)
    if (values.length !== count)
      throw new RangeError(`${values.length} values of ${name} for the ${count} points of ${cloud.id}.`);
  if (colours && colours.length !== 3 * count)
    throw new RangeError(`${colours.length} numbers of colour for the ${count} points of ${cloud.id}; three a point.`);
  const double = origin.some((value) => value !== 0);
  const shown = colours ?? (labels ? undefined : cloud.colours);
  const coloured = shown !== undefined || labels !== undefined;
  const header = [
    'ply',
    'format binary_little_endian 1.0',
    ...classes.map((name, k) => `comment class ${k} ${name.replaceAll(/\s+/g, ' ')}`),
    `element vertex ${count}`,
    ...['x', 'y', 'z'].map((axis) => `property ${double ? 'double' : 'float'} ${axis}`),
    ...(coloured ? channels.map((channel) => `property uchar ${channel}`) : []),
    ...labelled.map(({ name }) => `property uchar ${name}`),
    'end_header\n',
  ].join('\n');
  const start = new TextEncoder().encode(header);
  const bytes = new Uint8Array(start.length + count * ((double ? 24 : 12) + (coloured ? 3 : 0) + labelled.length));
  bytes.set(start);
  const view = new DataView(bytes.buffer);
  let at = start.length;
  for (let i = 0; i < count; i++) {
    for (let axis = 0; axis < 3; axis++) {
      const value = positions[3 * i + axis] as number;
      if (double) view.setFloat64(at, value + (origin[axis] as number), true);
      else view.setFloat32(at, value, true);
      at += double ? 8 : 4;
    }
    if (shown)
      for (const [c, channel] of channels.entries()) bytes[at++] = byte(shown[3 * i + c] as number, channel, cloud, i);
    else if (labels) for (const value of classColour(byte(labels[i] as number, 'label', cloud, i))) bytes[at++] = value;
    for (const { name, values } of labelled) bytes[at++] = byte(values[i] as number, name, cloud, i);
  }
  return bytes;
}
