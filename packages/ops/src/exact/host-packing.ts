/** Digits into words and back, in JavaScript; the format is that of packing.ts. */
import type { TypedArray } from '@tensorflow/tfjs-core';
import type { DigitStream } from './packing.ts';

/** Writes the digits of indices[0 … count) from word `at` on. */
export function packDigits(
  indices: Int32Array,
  count: number,
  { shift, mask, radix, perGroup, groupBits }: DigitStream,
  words: TypedArray,
  at: number,
): void {
  let word = 0;
  let bits = 0;
  for (let i = 0; i < count; ) {
    let group = (indices[i++]! >> shift) & mask;
    let power = radix;
    for (let digit = 1; digit < perGroup && i < count; digit++) {
      group = (group + Math.imul((indices[i++]! >> shift) & mask, power)) | 0;
      power = Math.imul(power, radix);
    }
    word |= group << bits;
    bits += groupBits;
    if (bits >= 32) {
      words[at++] = word;
      bits -= 32;
      word = bits === 0 ? 0 : group >>> (groupBits - bits);
    }
  }
  if (bits > 0) words[at] = word;
}

/** Adds the digits that begin at word `at` to indices[0 … count). */
export function unpackDigits(
  indices: Int32Array,
  count: number,
  { shift, radix, perGroup, groupBits }: DigitStream,
  words: TypedArray,
  at: number,
): void {
  const mask = groupBits === 32 ? -1 : 2 ** groupBits - 1;
  let bits = 0;
  for (let i = 0; i < count; ) {
    let group = words[at]! >>> bits;
    bits += groupBits;
    if (bits >= 32) {
      at++;
      bits -= 32;
      if (bits !== 0) group |= words[at]! << (groupBits - bits);
    }
    group = (group & mask) >>> 0;
    if (perGroup === 1) {
      indices[i] = indices[i]! | (group << shift);
      i++;
      continue;
    }
    for (let digit = 0; digit < perGroup && i < count; digit++) {
      const rest = Math.floor(group / radix);
      indices[i] = indices[i]! | ((group - rest * radix) << shift);
      i++;
      group = rest;
    }
  }
}
