/**
 * The three sides that a scene is seen from, by parallel projection, z up: `top` from above with x to the right, `front`
 * along +y with x to the right, `side` from +x along −x with y to the right.
 */
import { bounds } from '../cloud/cloud.ts';

/** A side that a scene is seen from. */
export type ViewName = 'top' | 'front' | 'side';

/** An axis, 0 … 2, and whether it is read backwards. */
interface Ray {
  readonly axis: number;
  readonly sign: 1 | -1;
}

export interface Projection {
  readonly name: ViewName;
  /** The axes that lead to the right and up in the image. */
  readonly right: number;
  readonly up: number;
  /** Leads away from the eye. */
  readonly away: Ray;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

/** All three views of a scene in one scale. */
export interface Framing {
  readonly least: readonly number[];
  readonly most: readonly number[];
  readonly pixelsPerUnit: number;
  readonly projections: readonly Projection[];
}

const sides: readonly Omit<Projection, 'width' | 'height'>[] = [
  { name: 'top', right: 0, up: 1, away: { axis: 2, sign: -1 } },
  { name: 'front', right: 0, up: 2, away: { axis: 1, sign: 1 } },
  { name: 'side', right: 1, up: 2, away: { axis: 0, sign: -1 } },
];

/** Pixels left free around the points, so that the largest point is drawn whole. */
export const margin = 4;

/**
 * @param positions [points, 3], finite
 * @param longest of a view's sides, in pixels
 */
export function frame(positions: Float32Array, longest: number): Framing {
  const { least, most } = bounds(positions);
  const extent = most.map((value, axis) => value - (least[axis] as number));
  const largest = Math.max(...extent);
  // Points that are all at one place: any scale shows them.
  const pixelsPerUnit = (longest - 2 * margin - 1) / (largest > 0 ? largest : 1);
  const pixels = (axis: number) => Math.ceil((extent[axis] as number) * pixelsPerUnit) + 2 * margin + 1;
  return {
    least,
    most,
    pixelsPerUnit,
    projections: sides.map((side) => ({ ...side, width: pixels(side.right), height: pixels(side.up) })),
  };
}
