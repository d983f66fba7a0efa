/** A scene drawn from three sides, without a canvas: in Node and in the browser alike. */
import type { Colour } from '../writer/palette.ts';
import { type Colouring, type ColouringName, colourings } from './colouring.ts';
import { type DepthBuffer, drawPoints } from './depth-buffer.ts';
import type { RgbaImage } from './image.ts';
import { frame, type ViewName } from './projection.ts';
import { shade } from './shading.ts';

/** A scene as it is drawn: points, and their classes or colours. */
export interface DrawnScene {
  /** [points, 3], finite, 1 point or more. */
  readonly positions: Float32Array;
  /** `[points]`: class indices; 255 is not counted and drawn pale. */
  readonly truth?: ArrayLike<number> | null;
  readonly predicted?: ArrayLike<number> | null;
  /** `[points, 3]`: red, green, blue, 0 … 255; shown where there are no labels. */
  readonly colours?: ArrayLike<number> | null;
}

/** Size and colours of the views. */
export interface ViewOptions {
  /** Pixels of the longest side of the three views. Default 480; 32 or more. */
  readonly side?: number;
  /** Red, green, blue, 0 … 255. Default: transparent, so that the pictures are right on light and dark ground. */
  readonly ground?: Colour;
}

/** A scene from one side. */
export interface SceneView {
  readonly view: ViewName;
  readonly colouring: ColouringName;
  readonly image: RgbaImage;
}

/** A scene from three sides, to one scale. */
export interface SceneViews {
  /** The same in all views of the scene. */
  readonly pixelsPerUnit: number;
  /** A round length for a scale bar, in the cloud's unit, and as pixels. */
  readonly bar: { readonly length: number; readonly pixels: number };
  /** `top`, `front` and `side` of each colouring: truth, prediction, error, as far as there are labels for them. */
  readonly views: readonly SceneView[];
}

/** Drawn so many times larger each way and reduced, for smooth edges. */
const oversampling = 2;

/**
 * Draws a scene from above, from the front and from the side, in one scale, with the nearest point hiding the others.
 * @throws RangeError for no points, coordinates that are not finite, or unequal counts
 */
export function sceneViews(scene: DrawnScene, { side = 480, ground }: ViewOptions = {}): SceneViews {
  check(scene, side);
  const framing = frame(scene.positions, side);
  const shown = colourings(scene);
  const drawn = framing.projections.map((projection) => {
    const buffer = drawPoints(scene.positions, framing, projection, oversampling);
    return { projection, buffer, factors: shade(buffer, oversampling) };
  });
  const { pixelsPerUnit } = framing;
  const length = roundLength(side / 3 / pixelsPerUnit);
  return {
    pixelsPerUnit,
    bar: { length, pixels: length * pixelsPerUnit },
    views: shown.flatMap((colouring) =>
      drawn.map(({ projection, buffer, factors }) => ({
        view: projection.name,
        colouring: colouring.name,
        image: reduce(buffer, factors, colouring, ground),
      })),
    ),
  };
}

function check({ positions, truth, predicted, colours }: DrawnScene, side: number): void {
  const count = positions.length / 3;
  if (!(Number.isInteger(count) && count > 0))
    throw new RangeError(`${positions.length} coordinates to draw; three for each of one point or more are needed.`);
  if (!(Number.isInteger(side) && side >= 32)) throw new RangeError(`side is ${side}; it must be 32 pixels or more.`);
  for (const [name, values, each] of [
    ['true labels', truth, 1],
    ['predicted labels', predicted, 1],
    ['numbers of colour', colours, 3],
  ] as const)
    if (values && values.length !== each * count)
      throw new RangeError(`${values.length} ${name} for ${count} points; ${each} a point are needed.`);
  const bad = positions.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw new RangeError(
      `Point ${Math.floor(bad / 3)} has the coordinate ${positions[bad]}; leave it out to draw the scene.`,
    );
}

/** The largest of 1, 2, 5 · 10ᵏ that is not above `most`. */
function roundLength(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most));
  return power * ([5, 2].find((factor) => factor * power <= most) ?? 1);
}

/** Colours times brightness, each pixel the mean of those it was drawn with. */
function reduce(
  { width, points }: DepthBuffer,
  factors: Float32Array,
  { colourOf }: Colouring,
  ground?: Colour,
): RgbaImage {
  const [outWidth, outHeight] = [width / oversampling, points.length / width / oversampling];
  const data = new Uint8ClampedArray(4 * outWidth * outHeight);
  const samples = oversampling ** 2;
  for (let row = 0; row < outHeight; row++)
    for (let column = 0; column < outWidth; column++) {
      let [red, green, blue, covered] = [0, 0, 0, 0];
      for (let k = 0; k < samples; k++) {
        const at =
          (oversampling * row + Math.floor(k / oversampling)) * width + oversampling * column + (k % oversampling);
        const point = points[at] as number;
        if (point < 0) continue;
        const [colour, factor] = [colourOf(point), factors[at] as number];
        red += factor * colour[0];
        green += factor * colour[1];
        blue += factor * colour[2];
        covered++;
      }
      const out = 4 * (row * outWidth + column);
      const free = ground ? samples - covered : 0;
      const parts = covered + free;
      if (parts === 0) continue;
      data[out] = (red + free * (ground?.[0] ?? 0)) / parts;
      data[out + 1] = (green + free * (ground?.[1] ?? 0)) / parts;
      data[out + 2] = (blue + free * (ground?.[2] ?? 0)) / parts;
      data[out + 3] = (255 * parts) / samples;
    }
  return { width: outWidth, height: outHeight, data };
}
