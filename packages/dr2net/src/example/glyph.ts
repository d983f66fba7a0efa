/** What moves in the example's clips: small grey pictures, here strokes as of a pen, drawn from a seed. */
import { Random } from './random.ts';

/** Side of a glyph in pixels. */
export const glyphSize = 8;

type Point = readonly [number, number];

/** Distance of a point to a line from `a` to `b`. */
function distance([x, y]: Point, [ax, ay]: Point, [bx, by]: Point): number {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length));
  return Math.hypot(x - ax - along * dx, y - ay - along * dy);
}

/** A closed ring, or a line with two to four bends. */
function stroke(random: Random): Point[] {
  const middle = glyphSize / 2;
  if (random.next() < 0.4) {
    const [wide, high] = [random.between(1.6, 2.8), random.between(2, 3)];
    const angles = Array.from({ length: 13 }, (_, i) => (i * Math.PI) / 6);
    return angles.map((angle) => [middle + wide * Math.cos(angle), middle + high * Math.sin(angle)]);
  }
  return Array.from({ length: 3 + random.below(3) }, () => [
    random.between(1.2, glyphSize - 1.2),
    random.between(1.2, glyphSize - 1.2),
  ]);
}

/**
 * @param seed equal seeds give equal glyphs
 * @returns grey values in 0 … 1 [glyphSize, glyphSize], row by row
 */
export function drawGlyph(seed: readonly number[]): Float32Array {
  const random = new Random(...seed);
  const points = stroke(random);
  const width = random.between(0.5, 0.9);
  return Float32Array.from({ length: glyphSize * glyphSize }, (_, i) => {
    const at: Point = [(i % glyphSize) + 0.5, Math.floor(i / glyphSize) + 0.5];
    const near = Math.min(...points.slice(1).map((point, j) => distance(at, points[j] ?? point, point)));
    return Math.min(1, Math.max(0, width + 0.5 - near));
  });
}
