/**
 * The exact update and its inverse as loops over int32 arrays (wasm heap, cpu, host copies of node's), in float64
 * arithmetic, which is exact here: |X| < 2³¹, |a|, |b| ≤ 4·2¹⁵, so every product stays below 2⁴⁸.
 *
 * With T = a·X + b·P (P the previous state): next = R + ⌊T/2ˢ⌋, R = round(2ᶠF). The remainder r = T mod 2ˢ is known up to
 * the index j = ⌊r/|b|⌋, which is stored: N = (next − R)·2ˢ − a·X = b·P − r, so P = ⌈N/b⌉ + j for b > 0, and for b < 0 the
 * same holds for −P with |b|.
 */
import { scalar, type Tensor } from '@tensorflow/tfjs-core';
import { onHost } from '../host.ts';
import { type ExactGrid, sideWords } from './grid.ts';
import type { ExactKernel } from './index.ts';

/** Adding and taking away 1.5·2⁵² rounds to the nearest integer, ties to even, as the GPU's round does. */
const roundingConstant = 1.5 * 2 ** 52;
const largestInt = 2 ** 31 - 1;

/** v as int32; beyond the range, and where it is no number, the largest int32, which the range check refuses. */
function saturate(v: number): number {
  return v >= -largestInt && v <= largestInt ? v : largestInt;
}

function quantize(x: Tensor, fractionBits: number): Tensor {
  const unit = 2 ** fractionBits;
  return onHost([x], [{ shape: x.shape, dtype: 'int32' }], ([from], [to]) => {
    for (let i = 0; i < to!.length; i++) to![i] = saturate(from![i]! * unit + roundingConstant - roundingConstant);
  })[0]!;
}

function dequantize(x: Tensor, fractionBits: number): Tensor {
  const unit = 2 ** -fractionBits;
  return onHost([x], [{ shape: x.shape, dtype: 'float32' }], ([from], [to]) => {
    for (let i = 0; i < to!.length; i++) to![i] = from![i]! * unit;
  })[0]!;
}

function update(f: Tensor, x: Tensor, previous: Tensor, grid: ExactGrid) {
  const { a, b, sideBits: k } = grid;
  const unit = 2 ** grid.fractionBits;
  const one = 2 ** grid.coefficientBits;
  const perOne = 1 / one;
  const c = Math.abs(b);
  let largest = 0;
  const [next, side] = onHost(
    [f, x, previous],
    [
      { shape: x.shape, dtype: 'int32' },
      { shape: [sideWords(x.size, grid)], dtype: 'int32' },
    ],
    ([F, X, P], [N, S]) => {
      let [word, bits, at] = [0, 0, 0];
      for (let i = 0; i < X!.length; i++) {
        const t = a * X![i]! + b * P![i]!;
        const floor = Math.floor(t * perOne);
        const v = F![i]! * unit + roundingConstant - roundingConstant + floor;
        const size = Math.abs(v);
        if (!(size <= largest)) largest = size <= largestInt ? size : Number.POSITIVE_INFINITY;
        N![i] = saturate(v);
        if (k === 0) continue;
        // Divided, not multiplied by 1/c: 49·(1/49) is below 1.
        const j = Math.floor((t - floor * one) / c);
        word |= j << bits;
        bits += k;
        if (bits >= 32) {
          S![at++] = word;
          bits -= 32;
          word = bits === 0 ? 0 : j >>> (k - bits);
        }
      }
      if (bits > 0) S![at] = word;
    },
  );
  return { next: next!, side: side!, largest };
}

function inverse(next: Tensor, f: Tensor, x: Tensor, side: Tensor, grid: ExactGrid): Tensor {
  const { a, b, sideBits: k } = grid;
  const unit = 2 ** grid.fractionBits;
  const one = 2 ** grid.coefficientBits;
  const c = Math.abs(b);
  const mask = 2 ** k - 1;
  return onHost([next, f, x, side], [{ shape: x.shape, dtype: 'int32' }], ([N, F, X, S], [P]) => {
    let [bits, at] = [0, 0];
    for (let i = 0; i < X!.length; i++) {
      const q = N![i]! - (F![i]! * unit + roundingConstant - roundingConstant);
      let j = 0;
      if (k !== 0) {
        j = S![at]! >>> bits;
        bits += k;
        if (bits >= 32) {
          at++;
          bits -= 32;
          if (bits !== 0) j |= S![at]! << (k - bits);
        }
        j &= mask;
      }
      const p = Math.ceil((q * one - a * X![i]!) / c) + j;
      P![i] = b > 0 ? p : -p;
    }
  })[0]!;
}

export const host: ExactKernel = {
  quantize,
  dequantize,
  update,
  inverse,
  largest: (x) => {
    let largest = 0;
    for (const value of x.dataSync()) largest = Math.max(largest, Math.abs(value));
    return scalar(largest);
  },
};
