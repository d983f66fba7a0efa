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
import { packDigits, unpackDigits } from './host-packing.ts';
import type { ExactKernel } from './index.ts';
import { type DigitStream, streamWords } from './packing.ts';

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

/** About so many elements at a time: their indices stay in the cache, and small calls are compiled better than one long loop. */
const block = 8192;

/** Elements a block: every stream's words begin anew with every block. */
function blockSize({ packing }: ExactGrid): number {
  const unit = 32 * packing.reduce((product, { perGroup }) => product * perGroup, 1);
  return unit * Math.ceil(block / unit);
}

/** Calls `visit` for every stream with the word where element `from` begins. */
function eachStream(
  { packing }: ExactGrid,
  size: number,
  from: number,
  visit: (stream: DigitStream, word: number) => void,
): void {
  let first = 0;
  for (const stream of packing) {
    visit(stream, first + (from / stream.perGroup / 32) * stream.groupBits);
    first += streamWords(size, stream);
  }
}

/** Fills next from `from` to before `to`, and the indices from 0; gives max |next|, ∞ where F is no number. */
function updateBlock(
  F: TypedArray,
  X: TypedArray,
  P: TypedArray,
  next: TypedArray,
  indices: Int32Array,
  grid: ExactGrid,
  from: number,
  to: number,
): number {
  const { a, b, coefficientBits: s } = grid;
  const unit = 2 ** grid.fractionBits;
  const mask = 2 ** s - 1;
  const c = Math.abs(b);
  let largest = 0;
  for (let i = from; i < to; i++) {
    const x = X[i]!;
    const p = P[i]!;
    const low = Math.imul(a, x & mask) + Math.imul(b, p & mask);
    const v = F[i]! * unit + roundingConstant - roundingConstant + (a * (x >> s) + b * (p >> s) + (low >> s));
    const size = Math.abs(v);
    if (!(size <= largest)) largest = Number.isNaN(size) ? Number.POSITIVE_INFINITY : size;
    next[i] = v;
    indices[i - from] = ((low & mask) / c) | 0;
  }
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
    const step = blockSize(grid);
    const indices = new Int32Array(step);
    for (let from = 0; from < x.size; from += step) {
      const to = Math.min(x.size, from + step);
      largest = Math.max(largest, updateBlock(F!, X!, P!, N!, indices, grid, from, to));
      eachStream(grid, x.size, from, (stream, word) => packDigits(indices, to - from, stream, S!, word));
    }
    if (largest > largestInt) saturateLoop(F!, X!, P!, N!, grid);
  });
  return { next: next!, side: side!, largest };
}

function inverseBlock(
  N: TypedArray,
  F: TypedArray,
  X: TypedArray,
  indices: Int32Array,
  P: TypedArray,
  grid: ExactGrid,
  from: number,
  to: number,
): void {
  const { a, b } = grid;
  const unit = 2 ** grid.fractionBits;
  const one = 2 ** grid.coefficientBits;
  const c = Math.abs(b);
  const sign = Math.sign(b);
  for (let i = from; i < to; i++) {
    const q = N[i]! - (F[i]! * unit + roundingConstant - roundingConstant);
    P[i] = sign * (Math.ceil((q * one - a * X[i]!) / c) + indices[i - from]!);
  }
}

function inverse(next: Tensor, f: Tensor, x: Tensor, side: Tensor, grid: ExactGrid): Tensor {
  return onHost([next, f, x, side], [{ shape: x.shape, dtype: 'int32' }], ([N, F, X, S], [P]) => {
    const step = blockSize(grid);
    const indices = new Int32Array(step);
    for (let from = 0; from < x.size; from += step) {
      const to = Math.min(x.size, from + step);
      indices.fill(0);
      eachStream(grid, x.size, from, (stream, word) => unpackDigits(indices, to - from, stream, S!, word));
      inverseBlock(N!, F!, X!, indices, P!, grid, from, to);
    }
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
