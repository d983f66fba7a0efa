/** Half precision as the embedded models are written in it: every number of the format, and what lies between two. */
import { expect, test } from 'vitest';
import { toHalf } from '../scripts/embedded/half.ts';

/** IEEE 754, binary16. */
function numberOf(bits: number): number {
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  const size = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return bits & 0x8000 ? -size : size;
}

test('numbers of the format stay, others go to the nearest, ties to the even', () => {
  const wrong: number[] = [];
  for (let bits = 0; bits < 0x7bff; bits++) {
    const [value, next] = [numberOf(bits), numberOf(bits + 1)];
    const between = (share: number) => toHalf(value + share * (next - value));
    const even = bits % 2 === 0 ? bits : bits + 1;
    const got = [toHalf(value), toHalf(-value), between(0.25), between(0.5), between(0.75)];
    const expected = [bits, bits === 0 ? 0 : bits | 0x8000, bits, even, bits + 1];
    if (got.some((one, i) => one !== expected[i] && !(bits === 0 && i === 1))) wrong.push(bits);
  }
  expect(wrong).toEqual([]);
});

test('what it cannot hold is refused', () => {
  expect(toHalf(65_519)).toBe(0x7bff);
  for (const value of [65_520, Number.POSITIVE_INFINITY, Number.NaN]) expect(() => toHalf(value)).toThrow(/no float16/);
});
