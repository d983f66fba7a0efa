/** Procedural backgrounds: value noise, stripes or a gradient between two colours, drifting slowly. */
import type { Random } from './random.ts';

export type Colour = readonly [number, number, number];

/** How much of the second colour a place of the plane has, 0 … 1; x and y in pixels. */
type Texture = (x: number, y: number) => number;

export function randomColour(random: Random): Colour {
  return [random.next(), random.next(), random.next()];
}

const latticeSize = 16;

/** Smoothly interpolated random values on a lattice that repeats every 16 cells. */
function valueNoise(cell: number, random: Random): Texture {
  const lattice = Float32Array.from({ length: latticeSize * latticeSize }, () => random.next());
  const at = (i: number, j: number) =>
    lattice[
      (((j % latticeSize) + latticeSize) % latticeSize) * latticeSize +
        (((i % latticeSize) + latticeSize) % latticeSize)
    ] ?? 0;
  const ease = (t: number) => t * t * (3 - 2 * t);
  return (x, y) => {
    const [i, j] = [Math.floor(x / cell), Math.floor(y / cell)];
    const [u, v] = [ease(x / cell - i), ease(y / cell - j)];
    const top = at(i, j) * (1 - u) + at(i + 1, j) * u;
    const bottom = at(i, j + 1) * (1 - u) + at(i + 1, j + 1) * u;
    return top * (1 - v) + bottom * v;
  };
}

function stripes(period: number, angle: number, phase: number): Texture {
  const [kx, ky] = [(Math.cos(angle) * 2 * Math.PI) / period, (Math.sin(angle) * 2 * Math.PI) / period];
  return (x, y) => 0.5 + 0.5 * Math.sin(kx * x + ky * y + phase);
}

function gradient(frame: number, angle: number): Texture {
  const [kx, ky] = [Math.cos(angle) / frame, Math.sin(angle) / frame];
  return (x, y) => Math.min(1, Math.max(0, 0.5 + kx * (x - frame / 2) + ky * (y - frame / 2)));
}

/** The colour of a place (pixels) at a time (0 … 1), channels in 0 … 1. */
export type Background = (x: number, y: number, time: number) => Colour;

/**
 * @param frame side of a frame in pixels
 * The drift, in any direction, at most an eighth of a frame over a clip, is a distractor: the label is the glyph's motion.
 */
export function randomBackground(frame: number, random: Random): Background {
  const kind = random.below(3);
  const texture =
    kind === 0
      ? valueNoise(random.between(3, 9), random)
      : kind === 1
        ? stripes(random.between(6, 16), random.between(0, Math.PI), random.between(0, 2 * Math.PI))
        : gradient(frame, random.between(0, 2 * Math.PI));
  const [first, second] = [randomColour(random), randomColour(random)];
  const contrast = random.between(0.3, 0.9);
  const heading = random.between(0, 2 * Math.PI);
  const drift = random.between(0, frame / 8);
  const [dx, dy] = [drift * Math.cos(heading), drift * Math.sin(heading)];
  return (x, y, time) => {
    const share = contrast * texture(x + dx * time, y + dy * time);
    return [
      first[0] + (second[0] - first[0]) * share,
      first[1] + (second[1] - first[1]) * share,
      first[2] + (second[2] - first[2]) * share,
    ];
  };
}
