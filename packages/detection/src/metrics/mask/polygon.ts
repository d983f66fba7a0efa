/**
 * Which pixels a polygon holds, by COCO's rule, to the pixel: its outline is drawn at five times the resolution; wherever
 * it passes the middle of a column of pixels, the row there is a crossing, and between a crossing and the next one of the
 * column pixels are in.
 */
import type { Mask } from './runs.ts';

const scale = 5;

const round = (value: number) => Math.trunc(value + 0.5);

/** The outline's points on the fine grid, from corner to corner, each one step further along the longer axis. */
function outline(polygon: readonly number[]): { readonly x: number[]; readonly y: number[] } {
  const corners = polygon.map((value) => Math.trunc(scale * value + 0.5));
  const [x, y]: [number[], number[]] = [[], []];
  for (let at = 0; at < corners.length; at += 2) {
    const next = (at + 2) % corners.length;
    const [x1, y1] = [corners[at], corners[at + 1]] as [number, number];
    const [x2, y2] = [corners[next], corners[next + 1]] as [number, number];
    const [dx, dy] = [Math.abs(x2 - x1), Math.abs(y2 - y1)];
    const flat = dx >= dy;
    // Always from the lower end, so that an edge has the same pixels whichever way it is walked.
    const back = flat ? x1 > x2 : y1 > y2;
    const [fromX, fromY, toX, toY] = back ? [x2, y2, x1, y1] : [x1, y1, x2, y2];
    const steps = Math.max(dx, dy);
    const slope = steps === 0 ? 0 : (flat ? toY - fromY : toX - fromX) / steps;
    for (let step = 0; step <= steps; step++) {
      const t = back ? steps - step : step;
      x.push(flat ? fromX + t : round(fromX + slope * t));
      y.push(flat ? round(fromY + slope * t) : fromY + t);
    }
  }
  return { x, y };
}

/** Where the outline passes the middle of a column: the number of the pixel below, column by column. */
function crossings({ x, y }: ReturnType<typeof outline>, width: number, height: number): number[] {
  const found: number[] = [];
  for (let i = 1; i < x.length; i++) {
    const [before, here] = [x[i - 1] as number, x[i] as number];
    if (before === here) continue;
    const column = ((here < before ? here : here - 1) + 0.5) / scale - 0.5;
    if (!Number.isInteger(column) || column < 0 || column > width - 1) continue;
    const row = (Math.min(y[i - 1] as number, y[i] as number) + 0.5) / scale - 0.5;
    found.push(column * height + Math.ceil(Math.min(Math.max(row, 0), height)));
  }
  return found.sort((a, b) => a - b);
}

/** The mask of one polygon [x, y, x, y, …] in pixels, in an image of this size. */
export function polygonMask(polygon: readonly number[], width: number, height: number): Mask {
  const edges: number[] = [];
  // Two crossings at one place are out again at once.
  for (const crossing of crossings(outline(polygon), width, height))
    if (edges.at(-1) === crossing) edges.pop();
    else edges.push(crossing);
  const end = width * height;
  if (edges.at(-1) !== end) edges.push(end);
  return { width, height, runs: Uint32Array.from(edges, (edge, i) => edge - (edges[i - 1] ?? 0)) };
}
