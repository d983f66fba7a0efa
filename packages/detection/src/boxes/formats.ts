/**
 * Box formats, four numbers a box in one flat array: centre and size [cx, cy, w, h] as fractions of the image (what
 * detectors predict), corners [x1, y1, x2, y2] in pixels (what overlaps are computed from), and corner and size
 * [x, y, w, h] in pixels (COCO).
 */

/** [boxes, 4], flat. */
export type Boxes = ArrayLike<number>;

/** Of an image, in pixels. */
export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** Of an image whose pixels are fractions: corners stay between 0 and 1. */
const unit: ImageSize = { width: 1, height: 1 };

/** How many boxes the numbers are. @throws RangeError where they are not four a box */
export function boxCount(boxes: Boxes): number {
  if (boxes.length % 4 !== 0) throw new RangeError(`${boxes.length} numbers are no boxes; a box has four.`);
  return boxes.length / 4;
}

type Quad = readonly [number, number, number, number];

function convert(boxes: Boxes, one: (a: number, b: number, c: number, d: number) => Quad): Float64Array {
  const result = new Float64Array(4 * boxCount(boxes));
  for (let at = 0; at < result.length; at += 4)
    result.set(one(boxes[at] as number, boxes[at + 1] as number, boxes[at + 2] as number, boxes[at + 3] as number), at);
  return result;
}

/**
 * Corners [x1, y1, x2, y2] in pixels of `size` from centres [cx, cy, w, h] as fractions of the image. Without `size`
 * the corners are fractions too.
 */
export const centresToCorners = (centres: Boxes, { width, height }: ImageSize = unit): Float64Array =>
  convert(centres, (cx, cy, w, h) => [
    (cx - w / 2) * width,
    (cy - h / 2) * height,
    (cx + w / 2) * width,
    (cy + h / 2) * height,
  ]);

/** Centres [cx, cy, w, h] as fractions of the image from corners [x1, y1, x2, y2] in pixels of `size`. */
export const cornersToCentres = (corners: Boxes, { width, height }: ImageSize = unit): Float64Array =>
  convert(corners, (x1, y1, x2, y2) => [
    (x1 + x2) / 2 / width,
    (y1 + y2) / 2 / height,
    (x2 - x1) / width,
    (y2 - y1) / height,
  ]);

/** Corners from COCO's [x, y, w, h], in the same unit. */
export const cocoToCorners = (boxes: Boxes): Float64Array => convert(boxes, (x, y, w, h) => [x, y, x + w, y + h]);

/** COCO's [x, y, w, h] from corners, in the same unit. */
export const cornersToCoco = (corners: Boxes): Float64Array =>
  convert(corners, (x1, y1, x2, y2) => [x1, y1, x2 - x1, y2 - y1]);
