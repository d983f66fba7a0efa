/** Labelled point clouds as a user of a page chooses them: flat gardens with bushes, as text. */
import { randomFrom } from 'dr2net';

/** Lines x y z label; 0 is ground, 1 a bush. */
function garden(seed: number): string {
  const random = randomFrom(seed, 'garden');
  const line = (...values: number[]) => values.map((value) => value.toFixed(3)).join(' ');
  const ground = Array.from({ length: 240 }, () => line(6 * random(), 6 * random(), 0.1 * random(), 0));
  const bushes = [1, 3].flatMap((x) =>
    Array.from({ length: 60 }, () => line(x + random(), 1 + 4 * random(), 0.4 + random(), 1)),
  );
  return [...ground, ...bushes].join('\n');
}

export const gardens = ['north', 'east', 'south'].map((name, seed) => ({
  path: `${name}.txt`,
  file: new File([garden(seed)], `${name}.txt`),
}));
