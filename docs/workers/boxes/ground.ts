/** What is behind the objects of a drawn picture: a colour, slow waves of light, and grain. */
import type { Random } from '@dr2net/models';

export interface Ground {
  readonly colour: readonly [red: number, green: number, blue: number];
  /** Radians a pixel along both axes, and the height of the wave. */
  readonly waves: readonly { readonly x: number; readonly y: number; readonly phase: number; readonly size: number }[];
  /** Standard deviation of the grain. */
  readonly noise: number;
}

export function groundOf(random: Random): Ground {
  const grey = random.between(35, 95);
  const tint = () => grey + random.between(-20, 20);
  return {
    colour: [tint(), tint(), tint()],
    waves: Array.from({ length: 3 }, () => ({
      x: random.between(-0.1, 0.1),
      y: random.between(-0.1, 0.1),
      phase: random.between(0, 2 * Math.PI),
      size: random.between(2, 9),
    })),
    noise: random.between(4, 14),
  };
}
