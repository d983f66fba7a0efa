/**
 * Attention over more tokens than a head's scores may have at once: the value against loops in float64, the gradient against their
 * central difference along one random direction, and no [N, N] alive on the way.
 */
import { expectScaledClose } from '@dr2net/testing/close';
import { expectNoLeak } from '@dr2net/testing/leaks';
import { engine, tensor } from '@tensorflow/tfjs-core';
import type { AttentionKernel } from '../../src/index.ts';
import { type Check, checkOf } from './case.ts';
import { type Implementation, implementations } from './implementations.ts';
import { normals } from './random.ts';

const [tokens, width] = [787, 3];
const shape = [1, tokens, 3 * width];

/** One head. */
function attend(qkv: Float64Array): Float64Array {
  const at = (token: number, part: number, c: number) => qkv[(3 * token + part) * width + c]!;
  const y = new Float64Array(tokens * width);
  for (let n = 0; n < tokens; n++) {
    let total = 0;
    for (let m = 0; m < tokens; m++) {
      let score = 0;
      for (let c = 0; c < width; c++) score += at(n, 0, c) * at(m, 1, c);
      const power = Math.exp(score / Math.sqrt(width));
      total += power;
      for (let c = 0; c < width; c++) y[n * width + c]! += power * at(m, 2, c);
    }
    for (let c = 0; c < width; c++) y[n * width + c]! /= total;
  }
  return y;
}

const [values, dyValues, direction] = [normals(shape, 1), normals([tokens * width], 2), normals(shape, 3)];

/** Made once: the value, and Σ dy·y's derivative along the direction. */
let expected: { value: Float64Array; derivative: number } | undefined;
function reference() {
  if (expected) return expected;
  const step = 1e-5;
  const loss = (sign: number) =>
    attend(Float64Array.from(values, (v, i) => v + sign * step * direction[i]!)).reduce(
      (sum, y, i) => sum + y * dyValues[i]!,
      0,
    );
  expected = { value: attend(Float64Array.from(values)), derivative: (loss(1) - loss(-1)) / (2 * step) };
  return expected;
}

/** The largest tensor that is made while `body` runs, in elements. */
function largestMade<T>(body: () => T): { result: T; largest: number } {
  const tf = engine();
  const track = tf.trackTensor.bind(tf);
  let largest = 0;
  tf.trackTensor = (a, backend) => {
    largest = Math.max(largest, a.size);
    return track(a, backend);
  };
  try {
    return { result: body(), largest };
  } finally {
    Reflect.deleteProperty(tf, 'trackTensor');
  }
}

const long = (of: Implementation<AttentionKernel>): Check =>
  checkOf(of, `attention over ${tokens} tokens`, () =>
    expectNoLeak(async () => {
      const { value, derivative } = reference();
      const [qkv, dy] = [tensor(values, [1, tokens, 3 * width]), tensor(dyValues, [1, tokens, width])];
      const { result, largest } = largestMade(() => {
        const traced = of.kernel.trace(qkv, { heads: 1 });
        return { value: traced.value, gradient: traced.pullback(dy).qkv! };
      });
      try {
        if (largest >= tokens * tokens) throw new Error(`a tensor of ${largest} elements: [N, N] of a head`);
        await expectScaledClose(
          result.value,
          { shape: [1, tokens, width], data: value },
          { rtol: 5e-5, atol: 0 },
          'value',
        );
        const gradient = Float64Array.from(await result.gradient.data());
        const along = gradient.reduce((sum, g, i) => sum + g * direction[i]!, 0);
        const size = Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0) * gradient.length);
        if (!(Math.abs(along - derivative) <= 1e-5 * size))
          throw new Error(`the gradient's derivative is ${along}, not ${derivative} (of a size of ${size})`);
      } finally {
        for (const item of [qkv, dy, result.value, result.gradient]) item.dispose();
      }
    }),
  );

/**
 * Blocks of three queries are checked over few tokens. Here they would be hundreds of dispatches, a sixth of the whole suite's time in a
 * browser, and the reference goes by blocks of many.
 */
export const longChecks: Check[] = implementations.attention.filter(({ label }) => label !== 'blocks').map(long);
