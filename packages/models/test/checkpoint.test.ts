/** Layouts, number formats and resampling: the small parts that a mistake could hide in. */
import '@tensorflow/tfjs-backend-cpu';
import { expectClose, expectIdentical, expectNoLeak } from '@dr2net/testing';
import { setBackend, tensor } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { decodeTensor } from '../src/checkpoint/decode.ts';
import {
  convolutionWeight,
  fromParameter,
  joinColumns,
  type Layout,
  linearWeight,
  parameterShape,
  plain,
  toColumns,
} from '../src/checkpoint/layout.ts';
import { resampleGrid, resampleLine } from '../src/transformer/resample.ts';

beforeAll(async () => {
  await setBackend('cpu');
});

const count = fc.integer({ min: 1, max: 4 });
const sizeOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

/** Checkpoint → parameter → checkpoint. */
async function expectRoundTrip(layout: Layout): Promise<void> {
  await expectNoLeak(async () => {
    const published = layout.map(({ shape }, part) =>
      tensor(
        Float32Array.from({ length: sizeOf(shape) }, (_, i) => 1000 * part + i),
        [...shape],
      ),
    );
    const columns = layout.map((part, i) => (part.key === null ? null : toColumns(part, published[i]!)));
    const value = joinColumns(layout, columns);
    expect(value.shape).toEqual(parameterShape(layout));
    for (const [i, part] of layout.entries()) {
      const back = fromParameter(layout, i, value);
      const expected =
        part.key === null ? { shape: part.shape, data: new Float32Array(sizeOf(part.shape)) } : published[i]!;
      await expectIdentical(back, expected, part.key ?? 'zeros');
      back.dispose();
    }
    for (const item of [...published, ...columns, value]) item?.dispose();
  });
}

test('every layout is its own inverse', () =>
  fc.assert(
    fc.asyncProperty(count, count, count, count, async (a, b, c, d) => {
      await expectRoundTrip(plain('k', [1, a, b]));
      await expectRoundTrip(linearWeight('k', a, b));
      await expectRoundTrip(convolutionWeight('k', a, b, [c, d]));
      await expectRoundTrip(convolutionWeight('k', a, b, [c, d, 2]));
      await expectRoundTrip([linearWeight('q', a, b), linearWeight('k', a, c), linearWeight('v', a, d)].flat());
      await expectRoundTrip([plain('q', [a]), plain(null, [a]), plain('v', [a])].flat());
    }),
    { numRuns: 30 },
  ));

test('a convolution becomes rows ordered by y, x, channel', () => {
  const [part] = convolutionWeight('k', 2, 1, [1, 2]);
  // [out 1, channel 2, y 1, x 2]: channel 0 is 10, 11; channel 1 is 20, 21.
  const columns = toColumns(part!, tensor([10, 11, 20, 21], [1, 2, 1, 2]));
  expect([...columns.dataSync()]).toEqual([10, 20, 11, 21]);
});

describe('number formats', () => {
  test.each([
    [0x0000, 0],
    [0x3c00, 1],
    [0xc000, -2],
    [0x3555, 0.333251953125],
    [0x7bff, 65504],
    [0x0400, 2 ** -14],
    [0x03ff, 1023 * 2 ** -24],
    [0x0001, 2 ** -24],
    [0x8000, -0],
    [0x7c00, Number.POSITIVE_INFINITY],
    [0xfc00, Number.NEGATIVE_INFINITY],
    [0x7e01, Number.NaN],
  ])('float16 %i is %d', (bits, value) => {
    expect(decodeTensor('t', 'F16', new Uint8Array([bits & 255, bits >> 8]))[0]).toBe(value);
  });

  test('bfloat16 is the upper half of float32; unaligned bytes are read too', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true }), (value) => {
        const upper = new Uint16Array(new Float32Array([value]).buffer)[1]!;
        const bytes = new Uint8Array([0, upper & 255, upper >> 8]).subarray(1);
        const expected = new Float32Array(new Uint16Array([0, upper]).buffer)[0];
        expect(decodeTensor('t', 'BF16', bytes)[0]).toBe(expected);
      }),
    );
  });
});

describe('resampling', () => {
  test('gives constants and (inside) straight lines back', () => {
    const ramp = Float32Array.from({ length: 8 }, (_, i) => i);
    const twice = resampleLine({ shape: [1, 8, 1], data: ramp }, 16);
    // Away from the edges cubic convolution with a = −0.75 keeps a line up to its slope's ripple.
    for (let i = 4; i < 12; i++) expect(Math.abs(twice.data[i]! - ((i + 0.5) / 2 - 0.5))).toBeLessThan(0.05);
    const constant = resampleGrid({ shape: [1, 1 + 9, 2], data: new Float32Array(20).fill(3) }, 1, 5);
    expect(constant.shape).toEqual([1, 26, 2]);
    for (const value of constant.data) expect(value).toBeCloseTo(3, 6);
  });

  test('is PyTorch’s bicubic interpolation, by hand for 2 → 3', async () => {
    // Sample centres at −1/6, ½, 7/6; Keys' kernel with a = −0.75 as a function of the distance; edges repeated.
    const w = (x: number) => {
      const d = Math.abs(x);
      if (d <= 1) return 1.25 * d ** 3 - 2.25 * d ** 2 + 1;
      return d < 2 ? -0.75 * d ** 3 + 3.75 * d ** 2 - 6 * d + 3 : 0;
    };
    const at = (centre: number, samples: number[]) => {
      let sum = 0;
      for (let k = -3; k <= 4; k++) sum += w(centre - k) * samples[Math.min(Math.max(k, 0), samples.length - 1)]!;
      return sum;
    };
    const { data, shape } = resampleLine({ shape: [1, 2, 1], data: new Float32Array([1, 4]) }, 3);
    const expected = [-1 / 6, 0.5, 7 / 6].map((centre) => at(centre, [1, 4]));
    await expectClose({ shape, data }, { shape: [1, 3, 1], data: expected }, { rtol: 1e-6, atol: 0 });
  });

  test('refuses positions that are no square grid', () => {
    expect(() => resampleGrid({ shape: [1, 7, 1], data: new Float32Array(7) }, 1, 4)).toThrow(
      /6 positions are not a square/,
    );
  });
});
