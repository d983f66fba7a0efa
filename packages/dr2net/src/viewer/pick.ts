/** Which point is under the pointer. */
import { Matrix4, type PerspectiveCamera } from 'three';
import type { Cloud } from './cloud.ts';

/** A place in the picture, in CSS pixels from its top left. */
export interface Place {
  readonly width: number;
  readonly height: number;
  readonly column: number;
  readonly row: number;
  /** How far off a point may lie; as far as it is drawn, where that is further. */
  readonly reach: number;
}

/**
 * The nearest to the eye of the visible points around a place in the picture, or undefined. Of all points the projection is
 * computed: some milliseconds for 200,000.
 */
export function pickPoint(
  { object, colours, extent, radius }: Cloud,
  camera: PerspectiveCamera,
  { width, height, column, row, reach }: Place,
): number | undefined {
  camera.updateMatrixWorld();
  const toPicture = new Matrix4().multiplyMatrices(camera.projectionMatrix, camera.matrixWorldInverse).elements;
  const positions = object.geometry.getAttribute('position').array;
  const [sx, sy, sz] = [extent.x / 65535, extent.y / 65535, extent.z / 65535];
  let [found, best]: [number | undefined, number] = [undefined, Infinity];
  for (let i = 0; i < positions.length / 3; i++) {
    if (colours[4 * i + 3] === 0) continue;
    const x = positions[3 * i]! * sx - extent.x / 2;
    const y = positions[3 * i + 1]! * sy - extent.y / 2;
    const z = positions[3 * i + 2]! * sz - extent.z / 2;
    const w = toPicture[3] * x + toPicture[7] * y + toPicture[11] * z + toPicture[15];
    if (w <= camera.near) continue;
    const right =
      ((toPicture[0] * x + toPicture[4] * y + toPicture[8] * z + toPicture[12]) / w + 1) * (width / 2) - column;
    const down =
      (1 - (toPicture[1] * x + toPicture[5] * y + toPicture[9] * z + toPicture[13]) / w) * (height / 2) - row;
    const allowed = Math.max(reach, radius(w));
    const off = Math.hypot(right, down) / allowed;
    // Of points at about one distance, the one nearest to the pointer.
    const cost = w * (1 + 0.03 * off);
    if (off <= 1 && cost < best) [found, best] = [i, cost];
  }
  return found;
}
