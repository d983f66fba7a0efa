/** Which point is seen in each pixel, and how far away it is: discs into a depth buffer. */
import type { Framing, Projection } from './projection.ts';
import { margin } from './projection.ts';

export interface DepthBuffer {
  readonly width: number;
  readonly height: number;
  /** `[height, width]`: the number of the nearest point, −1 where there is none. */
  readonly points: Int32Array;
  /** `[height, width]`: how far it lies behind the scene's nearest side, in pixels; ∞ where there is none. */
  readonly depths: Float32Array;
}

/** Side of the cells, in pixels, by which the drawn area is measured. */
const cell = 8;

/** Diameter of a point, in pixels: what closes the gaps between points where they lie evenly, within bounds. */
function pointDiameter(columns: Int32Array, rows: Int32Array, width: number, height: number, scale: number): number {
  const across = Math.ceil(width / cell);
  const occupied = new Uint8Array(across * Math.ceil(height / cell));
  for (let i = 0; i < columns.length; i++)
    occupied[((rows[i] as number) >> 3) * across + ((columns[i] as number) >> 3)] = 1;
  const area = cell * cell * occupied.reduce((sum, is) => sum + is, 0);
  const spacing = Math.sqrt(area / columns.length);
  // At most about what a cell measures; at least what a pixel of the image shows.
  return Math.min(6 * scale, Math.max(1.25 * scale, 2.1 * spacing));
}

/** Offsets of the pixels of a disc. */
function disc(diameter: number): (readonly [column: number, row: number])[] {
  const radius = diameter / 2;
  const reach = Math.floor(radius);
  const around = Array.from({ length: 2 * reach + 1 }, (_, i) => i - reach);
  return around.flatMap((row) =>
    around.filter((column) => Math.hypot(row, column) <= radius).map((column) => [column, row] as const),
  );
}

/**
 * Of equally near points the lowest number wins.
 * @param scale pixels of the buffer a pixel of the image
 */
export function drawPoints(
  positions: Float32Array,
  { least, most, pixelsPerUnit }: Framing,
  { right, up, away, width: imageWidth, height: imageHeight }: Projection,
  scale: number,
): DepthBuffer {
  const count = positions.length / 3;
  const [width, height] = [scale * imageWidth, scale * imageHeight];
  const factor = scale * pixelsPerUnit;
  const [columns, rows] = [new Int32Array(count), new Int32Array(count)];
  const centre = scale * (margin + 0.5);
  const [leastRight, mostUp] = [least[right] as number, most[up] as number];
  for (let i = 0; i < count; i++) {
    columns[i] = Math.floor(centre + factor * ((positions[3 * i + right] as number) - leastRight));
    rows[i] = Math.floor(centre + factor * (mostUp - (positions[3 * i + up] as number)));
  }
  const points = new Int32Array(width * height).fill(-1);
  const depths = new Float32Array(width * height).fill(Infinity);
  const offsets = disc(pointDiameter(columns, rows, width, height, scale)).map(([c, r]) => r * width + c);
  const nearest = away.sign > 0 ? (least[away.axis] as number) : (most[away.axis] as number);
  for (let i = 0; i < count; i++) {
    const depth = Math.fround(factor * away.sign * ((positions[3 * i + away.axis] as number) - nearest));
    const at = (rows[i] as number) * width + (columns[i] as number);
    for (let k = 0; k < offsets.length; k++) {
      const pixel = at + (offsets[k] as number);
      if (depth < (depths[pixel] as number)) {
        depths[pixel] = depth;
        points[pixel] = i;
      }
    }
  }
  return { width, height, points, depths };
}
