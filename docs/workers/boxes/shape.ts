/** The objects of the drawn pictures: discs, and regular polygons that are turned by any angle. */

/** Names of the classes, in the order of their labels. */
export const shapes = ['disc', 'square', 'triangle'] as const;

export interface Form {
  /** Index into {@link shapes}. */
  readonly label: number;
  /** Centre, in pixels. */
  readonly x: number;
  readonly y: number;
  /** Of the circle around it, in pixels. */
  readonly radius: number;
  /** Radians. */
  readonly angle: number;
}

const cornersOf = [0, 4, 3];

/** Pixels from the edge to a place (from the centre), above 0 inside. */
export function insideOf({ label, radius, angle }: Form, x: number, y: number): number {
  const corners = cornersOf[label] as number;
  if (corners === 0) return radius - Math.hypot(x, y);
  const inner = radius * Math.cos(Math.PI / corners);
  let inside = Number.POSITIVE_INFINITY;
  for (let k = 0; k < corners; k++) {
    const normal = angle + ((2 * k + 1) * Math.PI) / corners;
    inside = Math.min(inside, inner - x * Math.cos(normal) - y * Math.sin(normal));
  }
  return inside;
}

/** Left and upper edge, width and height in pixels. */
export function boxOf({ label, x, y, radius, angle }: Form): readonly [number, number, number, number] {
  const corners = cornersOf[label] as number;
  if (corners === 0) return [x - radius, y - radius, 2 * radius, 2 * radius];
  const turns = Array.from({ length: corners }, (_, k) => angle + (2 * k * Math.PI) / corners);
  const across = turns.map((turn) => x + radius * Math.cos(turn));
  const down = turns.map((turn) => y + radius * Math.sin(turn));
  const [left, top] = [Math.min(...across), Math.min(...down)];
  return [left, top, Math.max(...across) - left, Math.max(...down) - top];
}
