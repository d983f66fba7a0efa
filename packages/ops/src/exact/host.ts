/**
 * The exact update and its inverse as loops over int32 arrays (wasm heap, cpu, host copies of node's), in float64
 * arithmetic, which is exact here: |X| < 2³¹, |a|, |b| ≤ 4·2¹⁵, so every product stays below 2⁴⁸.
 *
 * With T = a·X + b·P (P the previous state): next = R + ⌊T/2ˢ⌋, R = round(2ᶠF). The remainder r = T mod 2ˢ is known up to
 * the index j = ⌊r/|b|⌋, which is stored: N = (next − R)·2ˢ − a·X = b·P − r, so P = ⌈N/b⌉ + j for b > 0, and for b < 0 the
 * same holds for −P with |b|.
 */
import type { Tensor, TypedArray } from '@tensorflow/tfjs-core';
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

/** Elements at a time: a multiple of 32, so that every block begins a word; small calls are compiled better than one long loop. */
const block = 8192;

/** Fills next and side from `from` to before `to`; gives max |next|, ∞ where F is no number. */
function updateBlock(
  F: TypedArray,
  X: TypedArray,
  P: TypedArray,
  next: TypedArray,
  side: TypedArray,
  grid: ExactGrid,
  from: number,
  to: number,
): number {
  const { a, b, coefficientBits: s, sideBits: k } = grid;
  const unit = 2 ** grid.fractionBits;
  const mask = 2 ** s - 1;
  const c = Math.abs(b);
  let largest = 0;
  let word = 0;
  let bits = 0;
  let at = (from / 32) * k;
  for (let i = from; i < to; i++) {
    const x = X[i]!;
    const p = P[i]!;
    const low = Math.imul(a, x & mask) + Math.imul(b, p & mask);
    const v = F[i]! * unit + roundingConstant - roundingConstant + (a * (x >> s) + b * (p >> s) + (low >> s));
    const size = Math.abs(v);
    if (!(size <= largest)) largest = Number.isNaN(size) ? Number.POSITIVE_INFINITY : size;
    next[i] = v;
    const j = ((low & mask) / c) | 0;
    word |= j << bits;
    bits += k;
    if (bits >= 32) {
      side[at++] = word;
      bits -= 32;
      word = bits === 0 ? 0 : j >>> (k - bits);
    }
  }
  if (bits > 0) side[at] = word;
  return largest;
}

/** What does not fit, again: wrapped numbers must not look like states. */
function saturateLoop(F: TypedArray, X: TypedArray, P: TypedArray, next: TypedArray, grid: ExactGrid): void {
  const unit = 2 ** grid.fractionBits;
  for (let i = 0; i < X.length; i++) {
    const floor = Math.floor((grid.a * X[i]! + grid.b * P[i]!) / 2 ** grid.coefficientBits);
    next[i] = saturate(F[i]! * unit + roundingConstant - roundingConstant + floor);
  }
}

function update(f: Tensor, x: Tensor, previous: Tensor, grid: ExactGrid) {
  let largest = 0;
  const outputs = [
    { shape: x.shape, dtype: 'int32' },
    { shape: [sideWords(x.size, grid)], dtype: 'int32' },
  ] as const;
  const [next, side] = onHost([f, x, previous], outputs, ([F, X, P], [N, S]) => {
    for (let from = 0; from < x.size; from += block)
      largest = Math.max(largest, updateBlock(F!, X!, P!, N!, S!, grid, from, Math.min(x.size, from + block)));
    if (largest > largestInt) saturateLoop(F!, X!, P!, N!, grid);
  });
  return { next: next!, side: side!, largest };
}

function inverseBlock(
  N: TypedArray,
  F: TypedArray,
  X: TypedArray,
  S: TypedArray,
  P: TypedArray,
  grid: ExactGrid,
  from: number,
  to: number,
): void {
  const { a, b, sideBits: k } = grid;
  const unit = 2 ** grid.fractionBits;
  const one = 2 ** grid.coefficientBits;
  const c = Math.abs(b);
  const sign = Math.sign(b);
  const mask = 2 ** k - 1;
  let bits = 0;
  let at = (from / 32) * k;
  for (let i = from; i < to; i++) {
    const q = N[i]! - (F[i]! * unit + roundingConstant - roundingConstant);
    let j = S[at]! >>> bits;
    bits += k;
    if (bits >= 32) {
      at++;
      bits -= 32;
      if (bits !== 0) j |= S[at]! << (k - bits);
    }
    P[i] = sign * (Math.ceil((q * one - a * X[i]!) / c) + (j & mask));
  }
}

function inverse(next: Tensor, f: Tensor, x: Tensor, side: Tensor, grid: ExactGrid): Tensor {
  return onHost([next, f, x, side], [{ shape: x.shape, dtype: 'int32' }], ([N, F, X, S], [P]) => {
    for (let from = 0; from < x.size; from += block)
      inverseBlock(N!, F!, X!, S!, P!, grid, from, Math.min(x.size, from + block));
  })[0]!;
}

function largestOf(x: Tensor): Tensor {
  return onHost([x], [{ shape: [], dtype: 'float32' }], ([X], [to]) => {
    let largest = 0;
    for (let i = 0; i < X!.length; i++) largest = Math.max(largest, Math.abs(X![i]!));
    to![0] = largest;
  })[0]!;
}

export const host: ExactKernel = { quantize, dequantize, update, inverse, largest: largestOf };
