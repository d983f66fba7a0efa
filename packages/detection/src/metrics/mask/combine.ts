/** Two masks together, run by run, without pixels: how much they share, and their union. */
import type { Mask } from './runs.ts';

/** Calls `stretch(length, inA, inB)` for each stretch in which neither changes. Both have the same size. */
function walk(a: Uint32Array, b: Uint32Array, stretch: (length: number, inA: boolean, inB: boolean) => void): void {
  let [i, j] = [0, 0];
  let [leftA, leftB] = [a[0] ?? 0, b[0] ?? 0];
  while (i < a.length && j < b.length) {
    const length = Math.min(leftA, leftB);
    if (length > 0) stretch(length, i % 2 === 1, j % 2 === 1);
    leftA -= length;
    leftB -= length;
    if (leftA === 0) leftA = a[++i] ?? 0;
    if (leftB === 0) leftB = b[++j] ?? 0;
  }
}

/** How many pixels are in both. */
export function sharedArea(a: Mask, b: Mask): number {
  let shared = 0;
  walk(a.runs, b.runs, (length, inA, inB) => {
    if (inA && inB) shared += length;
  });
  return shared;
}

/** The pixels that are in either. */
export function unionOf(a: Mask, b: Mask): Mask {
  const runs = [0];
  walk(a.runs, b.runs, (length, inA, inB) => {
    const isIn = inA || inB;
    if (isIn === (runs.length % 2 === 0)) runs[runs.length - 1] = (runs[runs.length - 1] as number) + length;
    else runs.push(length);
  });
  return { ...a, runs: Uint32Array.from(runs) };
}
