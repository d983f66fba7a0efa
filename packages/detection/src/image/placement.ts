/** Where a picture went on the network's canvas, and the way back. */
import type { Boxes, ImageSize } from '../boxes/formats.ts';

/** canvas = scale · image + shift, in pixels; a negative horizontal scale mirrors. */
export interface Placement {
  readonly scaleX: number;
  readonly scaleY: number;
  readonly shiftX: number;
  readonly shiftY: number;
}

/** A part of a picture, in its pixels. */
export interface Window extends ImageSize {
  readonly x: number;
  readonly y: number;
}

/** Of a window that fills `used` in the canvas's upper left corner. */
export function placementOf(window: Window, used: ImageSize, flipped: boolean): Placement {
  const [scaleX, scaleY] = [used.width / window.width, used.height / window.height];
  return {
    scaleX: flipped ? -scaleX : scaleX,
    scaleY,
    shiftX: flipped ? used.width + scaleX * window.x : -scaleX * window.x,
    shiftY: -scaleY * window.y,
  };
}

/**
 * Boxes that a network predicts for its canvas, in the original image.
 * @param boxes [boxes, 4] as [cx, cy, w, h], shares of the canvas
 * @param canvas in pixels
 * @param image the original's size in pixels; boxes are clipped to it
 * @returns corners [x1, y1, x2, y2] in pixels [boxes, 4]
 */
export function boxesToImage(boxes: Boxes, canvas: ImageSize, placement: Placement, image: ImageSize): Float64Array {
  const { scaleX, scaleY, shiftX, shiftY } = placement;
  const corners = new Float64Array(boxes.length);
  const clip = (value: number, most: number) => Math.min(most, Math.max(0, value));
  for (let at = 0; at < boxes.length; at += 4) {
    const [cx, cy, w, h] = [boxes[at], boxes[at + 1], boxes[at + 2], boxes[at + 3]] as [number, number, number, number];
    const x = (cx * canvas.width - shiftX) / scaleX;
    const y = (cy * canvas.height - shiftY) / scaleY;
    const [halfWidth, halfHeight] = [(w * canvas.width) / Math.abs(scaleX) / 2, (h * canvas.height) / scaleY / 2];
    corners.set(
      [
        clip(x - halfWidth, image.width),
        clip(y - halfHeight, image.height),
        clip(x + halfWidth, image.width),
        clip(y + halfHeight, image.height),
      ],
      at,
    );
  }
  return corners;
}
