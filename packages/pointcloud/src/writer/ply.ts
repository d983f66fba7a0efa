/** PLY, binary little endian: positions, colours of classes, labels. */
import type { PointCloud } from '../cloud/cloud.ts';
import { classColour } from './palette.ts';

export interface PlyOptions {
  /** [count], 0 … 255: a property `label`, and the colours unless `colours` has others. */
  readonly labels?: ArrayLike<number>;
  /** [count, 3], 0 … 255. Default: of the classes, else the cloud's own. */
  readonly colours?: ArrayLike<number>;
  /** Names of the classes, written as comments: `class 0 tree`. */
  readonly classes?: readonly string[];
}

/** Coordinates are written whole, with the origin: as double where there is one, else as float. */
export function encodePly(cloud: PointCloud, { labels, colours, classes = [] }: PlyOptions = {}): Uint8Array {
  const { count, origin, positions } = cloud;
  if (labels && labels.length !== count)
    throw new RangeError(`${labels.length} labels for the ${count} points of ${cloud.id}.`);
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
    ...(coloured ? ['red', 'green', 'blue'].map((channel) => `property uchar ${channel}`) : []),
    ...(labels ? ['property uchar label'] : []),
    'end_header\n',
  ].join('\n');
  const start = new TextEncoder().encode(header);
  const bytes = new Uint8Array(start.length + count * ((double ? 24 : 12) + (coloured ? 3 : 0) + (labels ? 1 : 0)));
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
    const label = labels?.[i] ?? 0;
    if (!(Number.isInteger(label) && label >= 0 && label <= 255))
      throw new RangeError(`${cloud.id}, point ${i}: label ${label} is none of 0 … 255.`);
    if (coloured)
      for (let c = 0; c < 3; c++)
        bytes[at++] = shown ? (shown[3 * i + c] as number) : (classColour(label)[c] as number);
    if (labels) bytes[at++] = label;
  }
  return bytes;
}
