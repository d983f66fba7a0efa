/** The objects of an image as a network learns them, after the picture was cut, scaled and mirrored. */
import type { ImageSize } from '../boxes/formats.ts';
import type { DetectionBox } from '../dataset/contract.ts';
import type { Placement, Window } from '../image/placement.ts';
import type { DetectionTargets } from '../matching/contract.ts';

/** The objects that are seen in a sample. */
export interface SampleTargets extends DetectionTargets {
  /** [objects, 4] as [cx, cy, w, h], shares of the canvas. */
  readonly boxes: Float32Array;
  /** `[objects]`: classes. */
  readonly labels: Int32Array;
}

/** The part of a box within a window, as [x1, y1, x2, y2]; undefined where less than `visible` of its area is. */
function seen(
  { x, y, width, height }: DetectionBox,
  window: Window,
  visible: number,
): [number, number, number, number] | undefined {
  const [left, top] = [Math.max(x, window.x), Math.max(y, window.y)];
  const right = Math.min(x + width, window.x + window.width);
  const bottom = Math.min(y + height, window.y + window.height);
  if (right <= left || bottom <= top) return undefined;
  const share = ((right - left) * (bottom - top)) / (width * height);
  return share >= visible ? [left, top, right, bottom] : undefined;
}

/** Whether an object counts that may be trained on. */
export const anySeen = (boxes: readonly DetectionBox[], window: Window, visible: number): boolean =>
  boxes.some((box) => !box.crowd && seen(box, window, visible) !== undefined);

/**
 * @param visible the least share of a box's area within the window, 0 … 1
 * @param canvas in pixels
 */
export function targetsOf(
  boxes: readonly DetectionBox[],
  { window, placement, canvas, visible }: { window: Window; placement: Placement; canvas: ImageSize; visible: number },
): SampleTargets {
  const { scaleX, scaleY, shiftX, shiftY } = placement;
  const shares: number[] = [];
  const labels: number[] = [];
  for (const box of boxes) {
    const corners = box.crowd ? undefined : seen(box, window, visible);
    if (!corners) continue;
    const [left, top, right, bottom] = corners;
    shares.push(
      ((scaleX * (left + right)) / 2 + shiftX) / canvas.width,
      ((scaleY * (top + bottom)) / 2 + shiftY) / canvas.height,
      (Math.abs(scaleX) * (right - left)) / canvas.width,
      (scaleY * (bottom - top)) / canvas.height,
    );
    labels.push(box.label);
  }
  return { boxes: Float32Array.from(shares), labels: Int32Array.from(labels) };
}
