/**
 * Masks as run lengths, COCO's way: pixels column by column, runs of 'out' and 'in' in turn, 'out' first. COCO's strings
 * pack each run, from the fourth on as the difference from the run two before, in groups of five bits, lowest first, a
 * sixth bit saying that more follow, each as the character 48 above it.
 */

export interface Mask {
  readonly width: number;
  readonly height: number;
  /** Lengths of the runs; their sum is width × height. */
  readonly runs: Uint32Array;
}

/**
 * A mask from the lengths of its runs.
 * @throws RangeError where the runs are no mask of this size
 */
export function maskOfRuns(runs: ArrayLike<number>, width: number, height: number): Mask {
  let total = 0;
  for (let i = 0; i < runs.length; i++) {
    const run = runs[i] as number;
    if (!(Number.isInteger(run) && run >= 0))
      throw new RangeError(`run ${i} is ${run}; runs are whole numbers, 0 or more`);
    total += run;
  }
  if (total !== width * height)
    throw new RangeError(`the runs have ${total} pixels; ${width} × ${height} have ${width * height}`);
  return { width, height, runs: Uint32Array.from(runs) };
}

/** The runs of COCO's compressed string. @throws RangeError where it is none, or of another size */
export function decodeMask(text: string, width: number, height: number): Mask {
  const runs: number[] = [];
  for (let at = 0; at < text.length; ) {
    let value = 0;
    let more = true;
    for (let bits = 0; more; bits += 5) {
      const group = text.charCodeAt(at) - 48;
      if (!(group >= 0 && group < 64 && bits < 35))
        throw new RangeError(`the compressed runs are broken at character ${Math.min(at, text.length)}`);
      at++;
      more = (group & 32) !== 0;
      // Arithmetic instead of shifts, which would wrap at 32 bits. The last group carries the sign.
      value += (more || (group & 16) === 0 ? group & 31 : (group & 31) - 32) * 2 ** bits;
    }
    runs.push(runs.length > 2 ? value + (runs[runs.length - 2] as number) : value);
  }
  return maskOfRuns(runs, width, height);
}

/** How many pixels are in. */
export function maskArea({ runs }: Mask): number {
  let area = 0;
  for (let i = 1; i < runs.length; i += 2) area += runs[i] as number;
  return area;
}

/** The smallest box around the pixels that are in, [x, y, width, height]; zeros where there are none. */
export function maskBox({ runs, width, height }: Mask): [number, number, number, number] {
  let [left, top, right, bottom] = [width, height, -1, -1];
  let at = 0;
  for (const [i, run] of runs.entries()) {
    if (i % 2 === 1 && run > 0) {
      const [first, last] = [at, at + run - 1];
      const [x1, x2] = [Math.floor(first / height), Math.floor(last / height)];
      left = Math.min(left, x1);
      right = Math.max(right, x2);
      // A run over the end of a column holds the lowest pixel of one and the highest of the next.
      top = Math.min(top, x1 === x2 ? first % height : 0);
      bottom = Math.max(bottom, x1 === x2 ? last % height : height - 1);
    }
    at += run;
  }
  return right < 0 ? [0, 0, 0, 0] : [left, top, right - left + 1, bottom - top + 1];
}
