/** Seeded numbers for the suite (mulberry32), rounded to float32 so that references see what the device sees. */

export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, side) => product * side, 1);

/** Normal numbers (Box and Muller). */
export function normals(shape: readonly number[], seed: number, scale = 1): Float32Array {
  const next = generator(seed);
  return Float32Array.from(
    { length: sizeOf(shape) },
    () => scale * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  );
}
