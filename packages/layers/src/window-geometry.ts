/**
 * How a map [height, width] is cut into windows (Swin Transformer, arXiv 2103.14030, sections 3.2 and 3.3): where each row of the
 * windows lies in the map, what is padded, and which tokens of a shifted window are neighbours in the map.
 */
import { RowMap } from '@dr2net/ops';

/**
 * Whose rule holds for maps that windows do not fit. Both take the relative position's own entry of the table.
 *
 * - `hugging-face` (transformers; the authors' code, too): a side that is no longer than the window clips the window to it on BOTH axes
 *   and turns the shift off on both. Maps are padded, then shifted.
 * - `timm`: each axis is clipped, and loses its shift, by itself. Maps are shifted, then padded.
 * - `whole`: windows are never clipped, and always shifted (transformers' `SwinBackbone`, which detectors have). Maps are padded, then shifted.
 */
export type WindowRule = 'hugging-face' | 'timm' | 'whole';

/** [height, width] */
export type Sides = readonly [number, number];

export interface WindowSizes {
  /** Of a window, in tokens. */
  readonly window: number;
  /** Of the windows against the map's corner; 0 in every other block. */
  readonly shift: number;
  readonly rule: WindowRule;
}

export interface WindowGeometry {
  /** Of the windows, clipped to the map. */
  readonly window: Sides;
  readonly shift: Sides;
  /** Windows of one map, along each axis. */
  readonly counts: Sides;
  /** Rows of the windows [batch·windows·N, C] → rows of the map [batch·height·width, C]; its transpose cuts, with zeros where it pads. */
  readonly join: RowMap;
}

/** One axis of a map. */
interface Axis {
  readonly side: number;
  readonly window: number;
  readonly shift: number;
  readonly count: number;
}

function axis(side: number, { window: most, shift: wanted, rule }: WindowSizes, shorter: number): Axis {
  if (rule === 'whole') return { side, window: most, shift: wanted, count: Math.ceil(side / most) };
  const least = rule === 'timm' ? side : shorter;
  const window = Math.min(most, least);
  return { side, window, shift: least <= most ? 0 : wanted, count: Math.ceil(side / window) };
}

/** For each place of an axis: its window's number and its place therein. */
function places({ side, window, shift, count }: Axis, rule: WindowRule): { window: number; at: number }[] {
  // What is shifted is the padded axis, or the bare one.
  const cycle = rule === 'timm' ? side : count * window;
  return Array.from({ length: side }, (_, place) => {
    const shifted = (place + cycle - shift) % cycle;
    return { window: Math.floor(shifted / window), at: shifted % window };
  });
}

function sourcesOf(batch: number, [rows, columns]: readonly [Axis, Axis], rule: WindowRule): Int32Array {
  const [down, across] = [places(rows, rule), places(columns, rule)];
  const size = rows.window * columns.window;
  const sources = new Int32Array(batch * rows.side * columns.side);
  let k = 0;
  for (let b = 0; b < batch; b++)
    for (const y of down)
      for (const x of across) {
        const window = (b * rows.count + y.window) * columns.count + x.window;
        sources[k++] = window * size + y.at * columns.window + x.at;
      }
  return sources;
}

/** @param shape of the map, [batch, height, width, channels] */
export function windowGeometry(shape: readonly number[], sizes: WindowSizes): WindowGeometry {
  const [batch, height, width] = shape as [number, number, number];
  const shorter = Math.min(height, width);
  const [rows, columns] = [axis(height, sizes, shorter), axis(width, sizes, shorter)];
  const windows = batch * rows.count * columns.count;
  return {
    window: [rows.window, columns.window],
    shift: [rows.shift, columns.shift],
    counts: [rows.count, columns.count],
    join: new RowMap({
      from: windows * rows.window * columns.window,
      each: 1,
      sources: sourcesOf(batch, [rows, columns], sizes.rule),
    }),
  };
}

/** Which part of the map a place of the last window comes from: behind the seam of the shift, or before it. */
const behind = (place: number, window: number, shift: number) => shift > 0 && place >= window - shift;

/** Added to the scores of tokens that only the shift brought together; the published models were trained with this number. */
const apart = -100;

/**
 * What is added to the scores of `count` windows from number `from` on (of all maps of the batch), [count, N, N]; null without a shift.
 */
export function windowMask(
  { window, shift, counts }: WindowGeometry,
  from: number,
  count: number,
): Float32Array | null {
  if (shift[0] === 0 && shift[1] === 0) return null;
  const size = window[0] * window[1];
  const mask = new Float32Array(count * size * size);
  const region = (token: number, last: readonly [boolean, boolean]) => {
    const [y, x] = [Math.floor(token / window[1]), token % window[1]];
    return (last[0] && behind(y, window[0], shift[0]) ? 2 : 0) + (last[1] && behind(x, window[1], shift[1]) ? 1 : 0);
  };
  for (let w = 0; w < count; w++) {
    const number = (from + w) % (counts[0] * counts[1]);
    const last = [Math.floor(number / counts[1]) === counts[0] - 1, number % counts[1] === counts[1] - 1] as const;
    if (!last[0] && !last[1]) continue;
    const regions = Array.from({ length: size }, (_, token) => region(token, last));
    for (let i = 0; i < size; i++)
      for (let j = 0; j < size; j++) if (regions[i] !== regions[j]) mask[(w * size + i) * size + j] = apart;
  }
  return mask;
}
