/** Surfaces of which a drawn scan has points: parallelograms and spheres. */
import type { Random } from '@dr2net/models';

export type Place = readonly [x: number, y: number, z: number];

export interface Surface {
  /** Square metres. */
  readonly area: number;
  /** A place on it, every part of it as likely as any other of its size. */
  at(random: Random): Place;
}

/** corner + s·along + t·across for s, t in [0, 1]. */
export function parallelogram(corner: Place, along: Place, across: Place): Surface {
  const [a, b] = [along, across];
  const area = Math.hypot(a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]);
  return {
    area,
    at(random) {
      const [s, t] = [random(), random()];
      return [0, 1, 2].map(
        (k) => (corner[k] as number) + s * (along[k] as number) + t * (across[k] as number),
      ) as unknown as Place;
    },
  };
}

export function sphere([x, y, z]: Place, radius: number): Surface {
  return {
    area: 4 * Math.PI * radius ** 2,
    at(random) {
      // Equal heights of a sphere have equal areas (Archimedes).
      const up = random.between(-1, 1);
      const [around, out] = [random.between(0, 2 * Math.PI), Math.sqrt(1 - up * up)];
      return [x + radius * out * Math.cos(around), y + radius * out * Math.sin(around), z + radius * up];
    },
  };
}

/** A box that stands upright, turned about the middle of its base. */
export interface Upright {
  /** Of the base's middle. */
  readonly at: Place;
  /** Radians. */
  readonly turn: number;
  /** Metres, before it is turned. */
  readonly size: Place;
}

/** The six sides of a box. */
export function boxSides({ at: [x, y, z], turn, size: [width, depth, height] }: Upright): Surface[] {
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  const right: Place = [width * cos, width * sin, 0];
  const back: Place = [-depth * sin, depth * cos, 0];
  const up: Place = [0, 0, height];
  const corner: Place = [x - (right[0] + back[0]) / 2, y - (right[1] + back[1]) / 2, z];
  const beside = (way: Place): Place => [corner[0] + way[0], corner[1] + way[1], corner[2] + way[2]];
  return [
    parallelogram(corner, right, back),
    parallelogram(beside(up), right, back),
    parallelogram(corner, right, up),
    parallelogram(beside(back), right, up),
    parallelogram(corner, back, up),
    parallelogram(beside(right), back, up),
  ];
}
