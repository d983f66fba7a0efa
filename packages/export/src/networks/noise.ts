/** Inputs to compare two networks with. */
import { randomFrom } from '@dr2net/models';

/** Draws of the normal distribution, as normalised pixels roughly are. */
export function noise(size: number, seed: number): Float32Array {
  const random = randomFrom(seed, 'example');
  return Float32Array.from({ length: size }, () => random.normal());
}

export const sizeOf = (shape: readonly number[]) => shape.reduce((product, side) => product * side, 1);
