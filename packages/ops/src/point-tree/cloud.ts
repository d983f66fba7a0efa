/** Clouds of points on the host, checked: what every search takes. */

/** Points of one cloud, [points·3]: x, y, z of the first, of the second, … */
export type Points = Float32Array;

/** A cloud or a number that a search cannot work with. */
export class PointCloudError extends RangeError {
  override readonly name = 'PointCloudError';
}

/**
 * The number of points of a cloud.
 * @throws PointCloudError for none, for a list that is no list of triples, and for a coordinate that is not finite
 */
export function pointCount(op: string, what: string, points: Points): number {
  if (points.length % 3 !== 0)
    throw new PointCloudError(`${op}: ${what} has ${points.length} numbers; x, y, z of each point are needed.`);
  if (points.length === 0) throw new PointCloudError(`${op}: ${what} has no points; leave empty clouds out.`);
  for (let i = 0; i < points.length; i++)
    if (!Number.isFinite(points[i]!))
      throw new PointCloudError(
        `${op}: ${what}, point ${Math.floor(i / 3)}: ${'xyz'[i % 3]} is ${points[i]}; remove points that are not finite.`,
      );
  return points.length / 3;
}

/** A whole number from 1 to the number of points. */
export function checkCount(op: string, name: string, value: number, most: number): void {
  if (!Number.isInteger(value) || value < 1 || value > most)
    throw new PointCloudError(
      `${op}: ${name} is ${value} where the cloud has ${most} points; choose a whole number from 1 to ${most}, or give more points.`,
    );
}
