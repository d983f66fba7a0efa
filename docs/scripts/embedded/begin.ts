/**
 * Where a small image transformer begins that is trained on nothing before: the published initialisation, σ = 0.02, is for widths of
 * many hundreds, and positions of random numbers have no neighbours.
 */

import { concat, mul, split, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import type { TransformerBackbone } from 'dr2net';

/** Radians a patch of the slowest and the fastest wave. */
const waves = { slow: 0.3, fast: 2.5 };
const height = 0.5;

/** Sines of both axes for a square grid: [1, 1 + side², width], the class token's row 0. */
function positions(side: number, width: number): Float32Array {
  const values = new Float32Array((1 + side * side) * width);
  const frequencies = width / 4;
  for (let place = 0; place < side * side; place++)
    for (const [axis, at] of [Math.floor(place / side), place % side].entries())
      for (let k = 0; k < frequencies; k++) {
        const angle = at * waves.slow * (waves.fast / waves.slow) ** (k / (frequencies - 1));
        const to = (1 + place) * width + 2 * (axis * frequencies + k);
        values[to] = height * Math.sin(angle);
        values[to + 1] = height * Math.cos(angle);
      }
  return values;
}

/**
 * Keys begin as queries: a token looks at first at those that are like it, which are those beside it where the positions are waves.
 * @param weight [width, 3·width]: queries, keys, values side by side
 */
function likeToLike(weight: Tensor): Tensor {
  return tidy(() => {
    const [queries, , values] = split(weight, 3, 1) as [Tensor, Tensor, Tensor];
    return concat([queries, queries, values], 1);
  });
}

/** Changes the parameters of a new backbone in place. */
export function beginWell(backbone: TransformerBackbone): void {
  const { width } = backbone.spec;
  for (const parameter of backbone.parameters) {
    const { name, shape, variable } = parameter;
    if (name === 'stem.position') {
      const side = Math.sqrt((shape[1] as number) - 1);
      parameter.assign(tensor(positions(side, width), [...shape]));
    } else if (/^blocks\..*weight$/.test(name)) parameter.assign(mul(variable, 1 / Math.sqrt(width) / 0.02));
    if (/^blocks\..*qkv\.weight$/.test(name)) parameter.assign(likeToLike(variable));
  }
}
