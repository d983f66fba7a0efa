/**
 * Light by depth alone, as clouds have no normals: eye-dome lighting (C. Boucheny, thesis, Grenoble 2009) darkens what
 * lies behind its neighbours in the image, and what is further away is a little darker as a whole.
 */
import type { DepthBuffer } from './depth-buffer.ts';

/** How much depth, in pixels, a neighbour may add: without a bound, edges of objects would be black. */
const step = 12;
const strength = 0.09;
/** What is taken from the brightness at the scene's far side. */
const haze = 0.15;
const neighbours = [-1, 0, 1].flatMap((row) => [-1, 0, 1].map((column) => [column, row] as const));

/** @returns [height, width]: a factor of brightness, 1 where nothing is nearer around and the point is the nearest of all */
export function shade({ width, height, depths }: DepthBuffer, reach: number): Float32Array {
  const factors = new Float32Array(width * height);
  let furthest = 0;
  for (const depth of depths) if (depth < Infinity && depth > furthest) furthest = depth;
  const fade = furthest > 0 ? haze / furthest : 0;
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const own = depths[row * width + column] as number;
      if (own === Infinity) continue;
      let behind = 0;
      for (const [c, r] of neighbours) {
        const [x, y] = [column + reach * c, row + reach * r];
        if (x < 0 || y < 0 || x >= width || y >= height) continue;
        const difference = own - (depths[y * width + x] as number);
        if (difference > 0) behind += Math.min(difference, step);
      }
      factors[row * width + column] = (1 - fade * own) * Math.exp((-strength * behind) / 8);
    }
  return factors;
}
