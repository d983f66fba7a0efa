/** What is compared: boxes, or masks behind their boxes; areas, and the overlap of a detection with an object. */
import { BadAnnotationError } from '../../errors.ts';
import { sharedArea, unionOf } from '../mask/combine.ts';
import { polygonMask } from '../mask/polygon.ts';
import { decodeMask, type Mask, maskArea, maskBox, maskOfRuns } from '../mask/runs.ts';
import type { CocoBox, CocoImage } from './format.ts';

export interface Region {
  readonly box: CocoBox;
  readonly area: number;
  readonly mask?: Mask;
}

export const boxRegion = (box: CocoBox): Region => ({ box, area: box[2] * box[3] });

function polygonsMask(polygons: readonly unknown[], { width, height }: CocoImage): Mask {
  if (!(Number.isInteger(width) && Number.isInteger(height)))
    throw new RangeError(`polygons need the image's width and height, which are ${width} and ${height}`);
  if (polygons.length === 0) throw new RangeError('it has no polygon');
  return polygons
    .map((polygon, i) => {
      const points = Array.isArray(polygon) ? polygon : [];
      if (points.length < 6 || points.length % 2 !== 0 || !points.every(Number.isFinite))
        throw new RangeError(`polygon ${i} is no list of three or more finite points [x, y, x, y, x, y, …]`);
      return polygonMask(points, width as number, height as number);
    })
    .reduce(unionOf);
}

function runsMask(value: object, image: CocoImage): Mask {
  const { size, counts } = value as { size?: unknown; counts?: unknown };
  const [height, width] = Array.isArray(size) ? size : [];
  if (!(Number.isInteger(width) && Number.isInteger(height)))
    throw new RangeError('size is not [height, width] in whole pixels');
  if (width !== (image.width ?? width) || height !== (image.height ?? height))
    throw new RangeError(`it is ${width} × ${height} pixels, its image ${image.width} × ${image.height}`);
  if (typeof counts === 'string') return decodeMask(counts, width, height);
  if (Array.isArray(counts)) return maskOfRuns(counts, width, height);
  throw new RangeError('counts is neither a string nor a list of runs');
}

/**
 * @param segmentation in one of COCO's three forms
 * @param place what an error names
 * @throws BadAnnotationError where it is none of them, or does not fit its image
 */
export function maskRegion(segmentation: unknown, image: CocoImage, place: string): Region {
  try {
    if (typeof segmentation !== 'object' || segmentation === null) throw new RangeError('there is none');
    const mask = Array.isArray(segmentation) ? polygonsMask(segmentation, image) : runsMask(segmentation, image);
    return { mask, area: maskArea(mask), box: maskBox(mask) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new BadAnnotationError(
      place,
      `segmentation cannot be read: ${error.message}. It must be polygons, or runs with their size.`,
    );
  }
}

function sharedBox([x, y, w, h]: CocoBox, [u, v, s, t]: CocoBox): number {
  const width = Math.min(x + w, u + s) - Math.max(x, u);
  const height = Math.min(y + h, v + t) - Math.max(y, v);
  return width > 0 && height > 0 ? width * height : 0;
}

/** Intersection over union; over the detection's own area where the object is a crowd. */
export function regionOverlap(detection: Region, truth: Region, crowd: boolean): number {
  let shared = sharedBox(detection.box, truth.box);
  // Boxes are compared first, which tells most masks apart.
  if (shared > 0 && detection.mask && truth.mask) shared = sharedArea(detection.mask, truth.mask);
  return shared > 0 ? shared / (crowd ? detection.area : detection.area + truth.area - shared) : 0;
}
