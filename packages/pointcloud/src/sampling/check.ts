/** What every sampling refuses. */
import { BadCloudError } from '../errors.ts';

export function checkPoints(points: number): void {
  if (!Number.isInteger(points) || points < 1)
    throw new RangeError(`points is ${points}; it must be a whole number, 1 or more.`);
}

/** @param positions [count, 3] */
export function checkScene(id: string, positions: Float32Array, points: number): void {
  const count = positions.length / 3;
  if (count < points)
    throw new BadCloudError(
      id,
      'too-few',
      `it has ${count} points where a sample takes ${points}. Make samples or voxels smaller, or leave the scene out.`,
    );
}
