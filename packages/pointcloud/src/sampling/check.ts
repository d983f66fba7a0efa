/** Scenes that every sampling refuses. */
import { BadCloudError } from '../errors.ts';

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
