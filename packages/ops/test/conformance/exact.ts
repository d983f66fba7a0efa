/** exact: bit for bit against BigInt arithmetic, over random coefficients, states and shapes; nothing wraps unseen. */
import { expectIdentical } from '@dr2net/testing/close';
import { expectNoLeak } from '@dr2net/testing/leaks';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { assert, asyncProperty, constantFrom, integer, oneof, record } from 'fast-check';
import { maxCoefficientBits } from '../../src/exact/grid.ts';
import type { DigitStream } from '../../src/exact/packing.ts';
import { type ExactGrid, exact, exactGrid, stateLimit } from '../../src/index.ts';
import type { Check } from './case.ts';
import { generator, sizeOf } from './random.ts';

const floorDivide = (n: bigint, d: bigint): bigint => {
  const q = n / d;
  return n % d !== 0n && n < 0n !== d < 0n ? q - 1n : q;
};

/** round(v), ties to even. */
function roundEven(v: number): number {
  const down = Math.floor(v);
  if (v - down !== 0.5) return Math.round(v);
  return down % 2 === 0 ? down : down + 1;
}

/** A stream of digits as one long binary number, and that as words: packing.ts in integers without bounds. */
function digits(indices: readonly number[], { shift, mask, radix, perGroup, groupBits }: DigitStream): number[] {
  let stream = 0n;
  let groups = 0;
  for (let i = 0; i < indices.length; i += perGroup, groups++) {
    let group = 0n;
    for (const j of indices.slice(i, i + perGroup).reverse()) {
      const digit = (j >> shift) & mask;
      if (digit >= radix) throw new Error(`digit ${digit} of index ${j} is not below ${radix}`);
      group = group * BigInt(radix) + BigInt(digit);
    }
    if (group >= 1n << BigInt(groupBits)) throw new Error(`group ${group} does not fit ${groupBits} bits`);
    stream |= group << BigInt(groups * groupBits);
  }
  const words = Math.ceil((groups * groupBits) / 32);
  return Array.from({ length: words }, (_, w) => Number(BigInt.asIntN(32, stream >> BigInt(32 * w))));
}

/** The update as design and paper write it, in integers without bounds. */
function oracle(f: Float32Array, x: Int32Array, previous: Int32Array, grid: ExactGrid) {
  const { a, b, coefficientBits, fractionBits, packing } = grid;
  const one = 1n << BigInt(coefficientBits);
  const c = BigInt(Math.abs(b));
  const next = new Int32Array(x.length);
  const indices: number[] = [];
  x.forEach((now, i) => {
    const t = BigInt(a) * BigInt(now) + BigInt(b) * BigInt(previous[i]!);
    const floor = floorDivide(t, one);
    next[i] = Number(BigInt(roundEven(f[i]! * 2 ** fractionBits)) + floor);
    indices.push(Number((t - floor * one) / c));
  });
  return { next, side: Int32Array.from(packing.flatMap((stream) => digits(indices, stream))) };
}

/** States for which no sum leaves ±2³⁰. */
function states(grid: ExactGrid, size: number, seed: number) {
  const random = generator(seed);
  const bound = Math.min(2 ** 30, Math.floor(2 ** 30 / (Math.abs(grid.alpha) + Math.abs(grid.beta) + 1)));
  const integers = () => Int32Array.from({ length: size }, () => Math.floor((2 * random() - 1) * bound));
  const f = Float32Array.from({ length: size }, () => ((2 * random() - 1) * bound) / 2 ** grid.fractionBits);
  // Halves of the grid, where rounding has a tie, and exact extremes.
  for (let i = 0; i < size; i += 5) f[i] = (Math.floor(random() * 2000 - 1000) + 0.5) / 2 ** grid.fractionBits;
  const [x, previous] = [integers(), integers()];
  x[0] = bound;
  previous[size - 1] = -bound;
  return { f, x, previous };
}

/** Every tensor that `body` makes is freed through `made`. */
async function roundTrip(grid: ExactGrid, shape: readonly number[], seed: number): Promise<void> {
  const { f, x, previous } = states(grid, sizeOf(shape), seed);
  const expected = oracle(f, x, previous, grid);
  const made: Tensor[] = [];
  const put = (values: Float32Array | Int32Array, dtype: 'float32' | 'int32') => {
    const t = tensor(values, [...shape], dtype);
    made.push(t);
    return t;
  };
  try {
    const [F, X, P] = [put(f, 'float32'), put(x, 'int32'), put(previous, 'int32')];
    const { next, side, largest } = exact.update(F, X, P, grid);
    made.push(next, side);
    if (typeof largest !== 'number') made.push(largest);
    const rebuilt = exact.inverse(next, F, X, side, grid);
    made.push(rebuilt);
    await expectIdentical(next, { shape, data: expected.next }, 'next');
    await expectIdentical(side, { shape: [expected.side.length], data: expected.side }, 'side');
    await expectIdentical(rebuilt, { shape, data: previous }, 'the rebuilt state');
    const size = expected.next.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const reported = typeof largest === 'number' ? largest : (await largest.data())[0]!;
    if (Math.abs(reported - size) > size * 2 ** -23) throw new Error(`largest is ${reported}, not ${size}`);
  } finally {
    for (const t of made) t.dispose();
  }
}

const fixed: Check[] = (
  [
    [63 / 64, 1 / 64],
    [1, 0.1],
    [0.4, 0.7],
    [0, 1],
    [1, -1],
    [1, -0.1],
    [1.5, -0.5],
    [2, -1],
    [-0.75, 2 ** -10],
    [0.9, 0.01],
    [0.99, 1 / 300],
    [1, -1 / 13],
    [0.3, -(2 ** -10)],
    [1, 2 ** -15],
    [2.5, 2.5],
    [3.95, -3.95],
  ] as const
).map(([alpha, beta]) => ({
  name: `exact α = ${alpha}, β = ${beta} [3, 67, 129]`,
  run: () => expectNoLeak(() => roundTrip(exactGrid(alpha, beta, { fractionBits: 20 }), [3, 67, 129], 5)),
}));

const anyCase = record({
  s: integer({ min: 0, max: 15 }),
  /** In 1/1024. */
  alpha: integer({ min: -4096, max: 4096 }),
  beta: oneof(integer({ min: 1, max: 1024 }), integer({ min: 1, max: 4096 })),
  sign: constantFrom(1, -1),
  fractionBits: integer({ min: 8, max: 24 }),
  shape: constantFrom([1], [2, 3], [31], [32], [33], [2, 5, 7], [4, 1, 129], [3, 2, 2, 9]),
  seed: integer(),
});

const properties: Check = {
  name: 'exact: any (a, b, s), any shape, against BigInt',
  run: () =>
    expectNoLeak(() =>
      assert(
        asyncProperty(anyCase, async ({ s: bits, alpha, beta, sign, fractionBits, shape, seed }) => {
          const s = Math.min(bits, maxCoefficientBits(alpha / 1024, beta / 1024));
          const one = 2 ** s;
          const b = sign * Math.max(1, Math.round((beta / 1024) * one));
          const a = Math.round((alpha / 1024) * one);
          await roundTrip(exactGrid(a / one, b / one, { coefficientBits: s, fractionBits }), shape, seed);
        }),
        { numRuns: 80, seed: 1 },
      ),
    ),
};

/** f, x and previous of which the update leaves the range. */
const leaving: readonly (readonly [string, number, number, number])[] = [
  ['F is NaN', Number.NaN, 0, 0],
  ['F is ∞', Number.POSITIVE_INFINITY, 0, 0],
  ['F is −∞', Number.NEGATIVE_INFINITY, 0, 0],
  ['F is beyond the grid', 2 ** 11, 0, 0],
  ['F is far beyond the grid', -1e38, 0, 0],
  ['the states add up beyond it', 0, 2 ** 30, 2 ** 30],
  ['the negative states add up beyond it', 0, -(2 ** 30), -(2 ** 30)],
  ['all of them do', 2000, 2 ** 29, 2 ** 29],
];

const range: Check[] = leaving.map(([name, f, x, previous]) => ({
  name: `exact: seen, not wrapped, where ${name}`,
  run: () =>
    expectNoLeak(async () => {
      const grid = exactGrid(1.5, 1, { fractionBits: 20 });
      const inputs = [
        tensor(Float32Array.of(0.25, f, -0.25), [3]),
        tensor(Int32Array.of(5, x, -5), [3], 'int32'),
        tensor(Int32Array.of(7, previous, -7), [3], 'int32'),
      ] as const;
      const { next, side, largest } = exact.update(...inputs, grid);
      const values = await next.data();
      const reported = typeof largest === 'number' ? largest : (await largest.data())[0]!;
      if (!(reported > stateLimit)) throw new Error(`largest is ${reported}`);
      if (values[1] !== 2 ** 31 - 1) throw new Error(`the state became ${values[1]}`);
      for (const t of [...inputs, next, side]) t.dispose();
      if (typeof largest !== 'number') largest.dispose();
    }),
}));

/** The sum of the states leaves int32, and F brings it back: it may be refused, but not rebuilt wrongly. */
const cancelling: Check = {
  name: 'exact: rebuilt or refused where F cancels a sum beyond the range',
  run: () =>
    expectNoLeak(async () => {
      const grid = exactGrid(1.5, 0.75, { fractionBits: 0 });
      const states = [2 ** 30, -(2 ** 30), 12345];
      const [f, x, previous] = [
        tensor(Float32Array.of(-1.5 * 2 ** 30, 1.5 * 2 ** 30, 7), [3]),
        tensor(Int32Array.from(states), [3], 'int32'),
        tensor(Int32Array.from(states), [3], 'int32'),
      ];
      const { next, side, largest } = exact.update(f, x, previous, grid);
      const reported = typeof largest === 'number' ? largest : (await largest.data())[0]!;
      const rebuilt = exact.inverse(next, f, x, side, grid);
      if (!(reported > stateLimit)) await expectIdentical(rebuilt, previous, 'the rebuilt state');
      for (const t of [f, x, previous, next, side, rebuilt]) t.dispose();
      if (typeof largest !== 'number') largest.dispose();
    }),
};

const quantization: Check = {
  name: 'exact: quantize rounds ties to even and saturates; dequantize undoes it',
  run: () =>
    expectNoLeak(async () => {
      const given = [0, 0.5, 1.5, 2.5, -0.5, -1.5, 3.49, -1e9, 1e9, Number.NaN, 123456, 1e12, -1e12].map(
        (v) => v / 2 ** 10,
      );
      const x = tensor(Float32Array.from(given), [given.length]);
      const integers = exact.quantize(x, 10);
      const expected = [0, 0, 2, 2, 0, -2, 3, -1e9, 1e9, 2 ** 31 - 1, 123456, 2 ** 31 - 1, 2 ** 31 - 1];
      await expectIdentical(integers, { shape: x.shape, data: expected }, 'quantize');
      const back = exact.dequantize(integers, 10);
      const values = expected.map((v) => Math.fround(Math.fround(v) / 2 ** 10));
      await expectIdentical(back, { shape: x.shape, data: values }, 'dequantize');
      const largest = exact.largest(integers);
      if ((await largest.data())[0] !== 2 ** 31) throw new Error('largest');
      for (const t of [x, integers, back, largest]) t.dispose();
    }),
};

/** Positive, negative and extreme states, of every remainder. */
const coarsening: Check[] = [1, 2, 3, 7, 15].map((bits) => ({
  name: `exact: coarser by ${bits} bits, ⌊X/2ᵏ⌋ and its bits, and back`,
  run: () =>
    expectNoLeak(async () => {
      const shape = [3, 5, 67];
      const random = generator(bits);
      const values = Int32Array.from({ length: sizeOf(shape) }, (_, i) =>
        i < 40 ? i - 20 : Math.floor((2 * random() - 1) * 2 ** 30),
      );
      values.set([2 ** 30, -(2 ** 30)], 40);
      const x = tensor(values, shape, 'int32');
      const { coarse, side } = exact.coarsen(x, bits);
      const again = exact.refine(coarse, side, bits);
      await expectIdentical(coarse, { shape, data: values.map((v) => v >> bits) }, 'the coarse state');
      const words = digits(
        Array.from(values, (v) => v & (2 ** bits - 1)),
        { shift: 0, mask: -1, radix: 2 ** bits, perGroup: 1, groupBits: bits },
      );
      await expectIdentical(side, { shape: [words.length], data: words }, 'its bits');
      await expectIdentical(again, x, 'the state again');
      for (const t of [x, coarse, side, again]) t.dispose();
    }),
}));

export const exactChecks: Check[] = [...fixed, properties, ...range, cancelling, quantization, ...coarsening];
