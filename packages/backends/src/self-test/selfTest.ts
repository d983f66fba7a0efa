/**
 * A small forward and gradient on the current backend against known answers: softmax(layerNorm(x·w)·γ) with the
 * gradient written by hand. It takes milliseconds, and a device that gets it wrong (a driver's bug can do that, and no
 * exception tells) is refused before it ruins a run. The sizes are no multiples of any kernel's tile.
 */
import {
  add,
  dispose,
  div,
  exp,
  matMul,
  max,
  mean,
  mul,
  rsqrt,
  square,
  sub,
  sum,
  type Tensor,
  tensor1d,
  tensor2d,
  softmax as tfSoftmax,
  tidy,
} from '@tensorflow/tfjs-core';
import { product, softmax, softmaxGradient, standardised, standardisedGradient, transposed } from './reference.ts';

const [rows, inner, columns] = [70, 130, 66];
const epsilon = 1e-5;
/** Of the largest expected magnitude: float32 gives 1e-6, and half precision inside a product 1e-3. */
const tolerance = 5e-5;

/** Values between −1 and 1 from a fixed sequence, exact in float32. */
function values(length: number, seed: number): Float64Array {
  let state = seed;
  return Float64Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 2 ** 23 - 1;
  });
}

const x = values(rows * inner, 1);
const w = values(inner * columns, 2);
const gain = values(columns, 3);
const dp = values(rows * columns, 4);

/** The answers by name, in float64. */
function expected(): Record<string, Float64Array> {
  const h = product(x, w, rows, inner, columns);
  const { values: n, scales } = standardised(h, columns, epsilon);
  const p = softmax(
    n.map((value, i) => value * gain[i % columns]!),
    columns,
  );
  const da = softmaxGradient(p, dp, columns);
  const dgain = new Float64Array(columns);
  for (const [i, value] of da.entries()) dgain[i % columns] = dgain[i % columns]! + value * n[i]!;
  const dh = standardisedGradient(
    n,
    scales,
    da.map((value, i) => value * gain[i % columns]!),
    columns,
  );
  return {
    matMul: h,
    'layer norm': n,
    softmax: p,
    'softmax in steps': p,
    'gradient of the gain': dgain,
    'gradient of the weight (matMul, first transposed)': product(transposed(x, rows, inner), dh, inner, rows, columns),
    'gradient of the input (matMul, second transposed)': product(
      dh,
      transposed(w, inner, columns),
      rows,
      columns,
      inner,
    ),
  };
}

/** The same on the current backend, in the same order. */
function computed(): Tensor[] {
  const matrix = (data: Float64Array, shape: [number, number]) => tensor2d(Float32Array.from(data), shape);
  const [tx, tw, tdp] = [matrix(x, [rows, inner]), matrix(w, [inner, columns]), matrix(dp, [rows, columns])];
  const tgain = tensor1d(Float32Array.from(gain));
  const h = matMul(tx, tw);
  const centred = sub(h, mean(h, -1, true));
  const scale = rsqrt(add(mean(square(centred), -1, true), epsilon));
  const n = mul(centred, scale);
  const a = mul(n, tgain);
  const p = tfSoftmax(a);
  const exponentials = exp(sub(a, max(a, -1, true)));
  const inSteps = div(exponentials, sum(exponentials, -1, true));
  const da = mul(p, sub(tdp, sum(mul(tdp, p), -1, true)));
  const g = mul(da, tgain);
  const along = mean(mul(g, n), -1, true);
  const dh = mul(scale, sub(sub(g, mean(g, -1, true)), mul(n, along)));
  return [h, n, p, inSteps, sum(mul(da, n), 0), matMul(tx, dh, true, false), matMul(dh, tw, false, true)];
}

/** The first element beyond the tolerance in words, or undefined. NaN never passes. */
function mismatch(name: string, actual: ArrayLike<number>, answer: Float64Array): string | undefined {
  const limit = tolerance * answer.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  for (const [i, value] of answer.entries()) {
    if (!(Math.abs(actual[i]! - value) <= limit))
      return `${name}: element ${i} is ${actual[i]} where ${value} is right`;
  }
  return actual.length === answer.length
    ? undefined
    : `${name}: ${actual.length} elements where ${answer.length} are right`;
}

/**
 * Runs the test on the current backend of TensorFlow.js.
 * @returns what is wrong in words, or undefined when everything is right
 */
export async function selfTest(): Promise<string | undefined> {
  const answers = Object.entries(expected());
  const results = tidy(computed);
  try {
    for (const [i, [name, answer]] of answers.entries()) {
      const finding = mismatch(name, (await results[i]!.data()) as ArrayLike<number>, answer);
      if (finding !== undefined) return finding;
    }
    return undefined;
  } finally {
    dispose(results);
  }
}
