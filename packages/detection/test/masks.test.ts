/** Masks as runs, against their pixels. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMask, type Mask, maskArea, maskBox, maskOfRuns, polygonMask, sharedArea, unionOf } from '../src/node.ts';

/** Whether each pixel is in, column by column. */
const pixelsOf = ({ runs }: Mask): number[] => Array.from(runs).flatMap((run, i) => new Array<number>(run).fill(i % 2));

/** COCO's string of runs, written from its definition. */
function encode(runs: ArrayLike<number>): string {
  let text = '';
  for (let i = 0; i < runs.length; i++) {
    let value = runs[i]! - (i > 2 ? runs[i - 2]! : 0);
    for (let more = true; more; ) {
      const group = value & 31;
      value >>= 5;
      more = (group & 16) !== 0 ? value !== -1 : value !== 0;
      text += String.fromCharCode(48 + group + (more ? 32 : 0));
    }
  }
  return text;
}

function maskOfPixels(pixels: readonly number[], width: number, height: number): Mask {
  const runs = [0];
  for (const pixel of pixels)
    if (pixel === (runs.length + 1) % 2) runs[runs.length - 1]!++;
    else runs.push(1);
  return maskOfRuns(runs, width, height);
}

const sized = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }));
const bitmap = (count: number) => fc.array(fc.constantFrom(0, 0, 1), { minLength: count, maxLength: count });

describe('masks', () => {
  it('areas, boxes, shared areas and unions are those of the pixels', () => {
    const pairs = sized.chain(([width, height]) =>
      fc.tuple(fc.constant(width), fc.constant(height), bitmap(width * height), bitmap(width * height)),
    );
    fc.assert(
      fc.property(pairs, ([width, height, a, b]) => {
        const [first, second] = [maskOfPixels(a, width, height), maskOfPixels(b, width, height)];
        expect(pixelsOf(first)).toEqual(a);
        expect(maskArea(first)).toBe(a.filter(Boolean).length);
        expect(sharedArea(first, second)).toBe(a.filter((pixel, i) => pixel && b[i]).length);
        expect(pixelsOf(unionOf(first, second))).toEqual(a.map((pixel, i) => pixel | b[i]!));
        const columns = a.flatMap((pixel, i) => (pixel ? [Math.floor(i / height)] : []));
        const rows = a.flatMap((pixel, i) => (pixel ? [i % height] : []));
        const [left, top] = [Math.min(...columns), Math.min(...rows)];
        const expected = [left, top, Math.max(...columns) - left + 1, Math.max(...rows) - top + 1];
        expect(maskBox(first)).toEqual(columns.length > 0 ? expected : [0, 0, 0, 0]);
      }),
      { numRuns: 500 },
    );
  });

  it('strings are read back, differences of every size and sign', () => {
    const runs = fc.array(fc.oneof(fc.nat(40), fc.nat(100_000), fc.nat(30_000_000)), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(runs, (lengths) => {
        const total = lengths.reduce((sum, run) => sum + run, 0);
        expect([...decodeMask(encode(lengths), total, 1).runs]).toEqual(lengths);
      }),
    );
  });

  it('strings that are none are refused', () => {
    expect(() => decodeMask('', 2, 2)).toThrow(/the runs have 0 pixels; 2 × 2 have 4/);
    expect(() => decodeMask('4', 2, 3)).toThrow(/the runs have 4 pixels; 2 × 3 have 6/);
    expect(() => decodeMask('P', 2, 2)).toThrow(/broken at character 1/);
    expect(() => decodeMask('4 ', 2, 2)).toThrow(/broken at character 1/);
    expect(() => decodeMask('oooooooo', 2, 2)).toThrow(/broken at character 7/);
    expect(() => decodeMask('O', 2, 2)).toThrow(/run 0 is -1/);
    expect(() => maskOfRuns([1.5, 2.5], 2, 2)).toThrow(/run 0 is 1.5/);
  });

  it('a polygon along pixels holds these', () => {
    const rectangle = polygonMask([1, 2, 4, 2, 4, 5, 1, 5], 6, 7);
    expect(maskArea(rectangle)).toBe(9);
    expect(maskBox(rectangle)).toEqual([1, 2, 3, 3]);
    expect(polygonMask([1, 5, 4, 5, 4, 2, 1, 2], 6, 7)).toEqual(rectangle);
    // From column to column it is one run.
    expect([...polygonMask([-9, -9, 20, -9, 20, 20, -9, 20], 6, 7).runs]).toEqual([0, 42]);
    expect(maskArea(polygonMask([9, 9, 12, 9, 12, 12], 6, 7))).toBe(0);
    // Points that come twice change nothing.
    expect(polygonMask([1, 2, 1, 2, 4, 2, 4, 5, 4, 5, 1, 5], 6, 7)).toEqual(rectangle);
    // What pycocotools says of a triangle, and of a quadrilateral between pixels.
    expect(pixelsOf(polygonMask([0, 0, 3, 0, 0, 3], 3, 3))).toEqual([1, 1, 0, 1, 0, 0, 0, 0, 0]);
    expect(pixelsOf(polygonMask([0, 0, 4, 1, 5, 5, 1.5, 3], 6, 6)).join('')).toBe(
      '100000111000011000011100000110000000',
    );
  });
});
