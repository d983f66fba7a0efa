/**
 * The motion target: how far a patch's content moves from one frame to the next, measured from the pixels alone by
 * Lucas and Kanade's method (IJCAI 1981) on frames of half the size. Nobody labelled anything: the target is a fixed
 * function of the clip, as the pixels are.
 */

/** Frames [frames, size, size, 3] of bytes. */
export interface Frames {
  readonly pixels: Uint8Array;
  readonly frames: number;
  readonly size: number;
}

/** Numbers a token: (u, v) inside the tubelet, and (u, v) on to the next tubelet. */
export const flowSize = 4;

/** In half-size pixels a frame; beyond it the method is not to be trusted. */
const limit = 1.5;
/** Brings the target's deviation near 1. */
const scale = 3;
/** Added to the squared gradients: where there is no structure the flow is 0. */
const damping = 0.05;

/** The mean of 2×2 pixels, channels in 0 … 1. */
function halve({ pixels, size }: Frames, frame: number): Float32Array {
  const half = size / 2;
  const out = new Float32Array(half * half * 3);
  const start = frame * size * size * 3;
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++)
      for (let c = 0; c < 3; c++) {
        const at = ((y >> 1) * half + (x >> 1)) * 3 + c;
        out[at] = (out[at] ?? 0) + (pixels[start + (y * size + x) * 3 + c] ?? 0) / 1020;
      }
  return out;
}

/** The flow from one frame to another in a window [y0, y1) × [x0, x1) of half-size pixels. */
function windowFlow(
  a: Float32Array,
  b: Float32Array,
  side: number,
  [y0, y1, x0, x1]: readonly [number, number, number, number],
): [number, number] {
  let [xx, xy, yy, xt, yt] = [damping, 0, damping, 0, 0];
  for (let y = y0; y < y1; y++)
    for (let x = x0; x < x1; x++)
      for (let c = 0; c < 3; c++) {
        const at = (y * side + x) * 3 + c;
        const both = (i: number) => (a[i] ?? 0) + (b[i] ?? 0);
        const dx = (both(at + 3) - both(at - 3)) / 4;
        const dy = (both(at + 3 * side) - both(at - 3 * side)) / 4;
        const dt = (b[at] ?? 0) - (a[at] ?? 0);
        xx += dx * dx;
        xy += dx * dy;
        yy += dy * dy;
        xt += dx * dt;
        yt += dy * dt;
      }
  const determinant = xx * yy - xy * xy;
  return [-(yy * xt - xy * yt) / determinant, -(xx * yt - xy * xt) / determinant];
}

/**
 * The target of every token, [tokens, 4], in the order of the tokens (time, row, column).
 * @param patch pixels a side of a patch
 * @param tubelet frames of a tubelet
 */
export function flowTarget(clip: Frames, patch: number, tubelet: number): Float32Array {
  const side = clip.size / 2;
  const cell = patch / 2;
  const grid = clip.size / patch;
  const halves = Array.from({ length: clip.frames }, (_, frame) => halve(clip, frame));
  const out = new Float32Array((clip.frames / tubelet) * grid * grid * flowSize);
  // A window reaches one pixel beyond its patch, and stays one pixel inside the frame for the gradients.
  const from = (i: number) => Math.max(1, i * cell - 1);
  const to = (i: number) => Math.min(side - 1, (i + 1) * cell + 1);
  const empty = new Float32Array(0);
  let at = 0;
  for (let first = 0; first < clip.frames; first += tubelet)
    for (let row = 0; row < grid; row++)
      for (let column = 0; column < grid; column++) {
        const window = [from(row), to(row), from(column), to(column)] as const;
        // The last tubelet has no next one; its inner flow stands for both.
        for (const step of [first, Math.min(first + tubelet - 1, clip.frames - 2)]) {
          const flow = windowFlow(halves[step] ?? empty, halves[step + 1] ?? empty, side, window);
          for (const value of flow) out[at++] = scale * Math.max(-limit, Math.min(limit, value));
        }
      }
  return out;
}
