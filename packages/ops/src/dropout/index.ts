/** Dropout masks made on the host from a counter-based generator: the same seed gives the same mask on every backend. */
import { type Tensor, tensor } from '@tensorflow/tfjs-core';

/** The finalizer of MurmurHash3 over (seed, index): 32 well mixed bits. */
function bits(seed: number, index: number): number {
  let h = (seed ^ Math.imul(index + 1, 0x9e3779b9)) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * A mask to multiply with: 0 with probability `rate`, else 1/(1 − rate).
 * @param rate from 0 to below 1
 * @param seed 32-bit unsigned, from a `Context`
 * @param first the place of its first number in a mask of more, of which this is a part
 */
export function dropoutMask(shape: readonly number[], rate: number, seed: number, first = 0): Tensor {
  if (!(rate >= 0 && rate < 1)) throw new RangeError(`dropoutMask: rate ${rate} is not in [0, 1)`);
  const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
  const threshold = rate * 2 ** 32;
  const kept = 1 / (1 - rate);
  for (let i = 0; i < values.length; i++) values[i] = bits(seed, first + i) < threshold ? 0 : kept;
  return tensor(values, [...shape], 'float32');
}
