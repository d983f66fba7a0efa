/** Changes made to training samples. Everything random comes from the generator that is given; there is no global one. */
import type { Random } from '@dr2net/models';

export interface PointAugmentation {
  /** Turn about the vertical axis, in radians, drawn from [−value, value]. Default π; 0 switches it off. */
  readonly rotate?: number;
  /** Factor, drawn from [least, most]. Default [0.9, 1.1]. */
  readonly scale?: readonly [number, number];
  /** Probability that x is mirrored, and apart from it y. Default 0.5. */
  readonly flip?: number;
  /** Gaussian noise on every coordinate: its standard deviation in the scene's unit. Default 0 (off). */
  readonly jitter?: number;
  /** Noise is cut off here. Default 5 times `jitter`. */
  readonly jitterLimit?: number;
  /** Probability that a sample's colours are all set to 0. Default 0.2. */
  readonly colourDrop?: number;
  /** Most points that are dropped, as a share; the share is drawn from [0, value]. Default 0 (off). */
  readonly dropout?: number;
}

/** @throws RangeError for values that cannot be */
export function checkAugmentation(options: PointAugmentation): Required<PointAugmentation> {
  const { rotate = Math.PI, scale = [0.9, 1.1], flip = 0.5, jitter = 0, colourDrop = 0.2, dropout = 0 } = options;
  const { jitterLimit = 5 * jitter } = options;
  for (const [name, value, most] of [
    ['rotate', rotate, Math.PI],
    ['flip', flip, 1],
    ['colourDrop', colourDrop, 1],
    ['dropout', dropout, 0.95],
    ['jitter', jitter, Infinity],
    ['jitterLimit', jitterLimit, Infinity],
  ] as const)
    if (!(value >= 0 && value <= most)) throw new RangeError(`${name} is ${value}; it must lie in [0, ${most}].`);
  if (!(scale[0] > 0 && scale[0] <= scale[1] && Number.isFinite(scale[1])))
    throw new RangeError(`scale is [${scale.join(', ')}]; it must be [least, most], above 0.`);
  return { rotate, scale, flip, jitter, jitterLimit, colourDrop, dropout };
}

/**
 * Changes positions [points, 3] in place: turn, scale, mirror, noise. The vertical axis is z; the centre of it all is the
 * origin.
 * @param random gives the generator for a purpose, so that one change's draws do not depend on which others are on
 */
export function movePoints(
  positions: Float32Array,
  random: (purpose: string) => Random,
  { rotate, scale, flip, jitter, jitterLimit }: Required<PointAugmentation>,
): void {
  const angle = random('rotate').between(-rotate, rotate);
  const factor = random('scale').between(scale[0], scale[1]);
  const mirror = random('flip');
  const [sx, sy] = [mirror() < flip ? -factor : factor, mirror() < flip ? -factor : factor];
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  for (let i = 0; i < positions.length; i += 3) {
    const [x, y, z] = [positions[i] as number, positions[i + 1] as number, positions[i + 2] as number];
    positions[i] = sx * (cos * x - sin * y);
    positions[i + 1] = sy * (sin * x + cos * y);
    positions[i + 2] = factor * z;
  }
  if (jitter === 0) return;
  const noise = random('jitter');
  for (let i = 0; i < positions.length; i++) {
    const shift = Math.min(jitterLimit, Math.max(-jitterLimit, jitter * noise.normal()));
    positions[i] = (positions[i] as number) + shift;
  }
}

/** Point numbers in which dropped points are replaced by kept ones, so that a sample keeps its size. */
export function dropPoints(sample: Int32Array, random: Random, dropout: number): Int32Array {
  if (dropout === 0) return sample;
  const share = random.between(0, dropout);
  const drop = Array.from(sample, () => random() < share);
  const kept = sample.filter((_, i) => !drop[i]);
  return kept.length === 0
    ? sample
    : sample.map((point, i) => (drop[i] ? (kept[random.below(kept.length)] as number) : point));
}
