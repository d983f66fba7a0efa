/** Resampling against a float64 double loop; what colour jitter may and may not do. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { axisWeights, jitterColour, randomFrom, resample } from '../src/index.ts';

const picture = (width: number, height: number, seed: number) => {
  const random = randomFrom(seed);
  return Uint8Array.from({ length: width * height * 3 }, () => random.below(256));
};

const largest = (values: ArrayLike<number>) =>
  Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** The triangle filter by its definition, in two dimensions at once. */
function slowResample(
  rgb: Uint8Array,
  [width, height]: [number, number],
  [x, y, w, h]: [number, number, number, number],
  [outWidth, outHeight]: [number, number],
): number[] {
  const weight = (at: number, start: number, length: number, size: number, i: number) => {
    const scale = length / size;
    const support = Math.max(1, scale);
    return Math.max(0, 1 - Math.abs(at + 0.5 - (start + (i + 0.5) * scale)) / support);
  };
  const out: number[] = [];
  for (let j = 0; j < outHeight; j++)
    for (let i = 0; i < outWidth; i++)
      for (let c = 0; c < 3; c++) {
        let [sum, total] = [0, 0];
        for (let v = 0; v < height; v++)
          for (let u = 0; u < width; u++) {
            const k = weight(u, x, w, outWidth, i) * weight(v, y, h, outHeight, j);
            sum += k * (rgb[(v * width + u) * 3 + c] as number);
            total += k;
          }
        out.push(sum / total);
      }
  return out;
}

describe('resample', () => {
  it('is the antialiased triangle filter, on any window', () => {
    const side = fc.integer({ min: 2, max: 14 });
    fc.assert(
      fc.property(side, side, side, side, fc.nat(), fc.boolean(), (width, height, outWidth, outHeight, seed, flip) => {
        const random = randomFrom(seed);
        const w = 1 + random() * (width - 1);
        const h = 1 + random() * (height - 1);
        const [x, y] = [random() * (width - w), random() * (height - h)];
        const rgb = picture(width, height, seed);
        const columns = axisWeights(x, w, outWidth, width, flip);
        const fast = resample(rgb, { width, height }, axisWeights(y, h, outHeight, height), columns);
        const slow = slowResample(rgb, [width, height], [x, y, w, h], [outWidth, outHeight]);
        const expected = flip
          ? slow.map((_, at) => {
              const [pixel, c] = [Math.floor(at / 3), at % 3];
              const [row, column] = [Math.floor(pixel / outWidth), pixel % outWidth];
              return slow[(row * outWidth + outWidth - 1 - column) * 3 + c] as number;
            })
          : slow;
        expect(largest(expected.map((value, i) => value - (fast[i] as number)))).toBeLessThan(1e-3);
      }),
      { numRuns: 60 },
    );
  });

  it('changes nothing at the same size', () => {
    const rgb = picture(9, 7, 1);
    const same = resample(rgb, { width: 9, height: 7 }, axisWeights(0, 7, 7, 7), axisWeights(0, 9, 9, 9));
    expect(Array.from(same)).toEqual(Array.from(rgb));
  });
});

describe('jitterColour', () => {
  it('keeps values within 0 … 1 and greys grey, and does the same to every frame', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const one = Float32Array.from(picture(4, 3, seed), (value) => value / 255);
        const two = new Float32Array([...one, ...one]);
        jitterColour(two, randomFrom(seed));
        expect(two.subarray(0, one.length)).toEqual(two.subarray(one.length));
        for (const value of two) expect(value >= 0 && value <= 1).toBe(true);
        const greys = new Float32Array(12).fill(0.5);
        jitterColour(greys, randomFrom(seed));
        expect(largest(greys.map((value) => value - (greys[0] as number)))).toBeLessThan(2e-3);
      }),
    );
  });

  it('changes nothing when every range is 0', () => {
    const pixels = Float32Array.from(picture(4, 3, 1), (value) => value / 255);
    const before = pixels.slice();
    jitterColour(pixels, randomFrom(1), { brightness: 0, contrast: 0, saturation: 0, hue: 0 });
    expect(pixels).toEqual(before);
  });
});
