/** The motions that label the clips: where a glyph is, and how large, at a time. */
import type { Random } from './random.ts';

/** The classes of the example: the ways a digit moves. */
export const motions = ['left', 'right', 'up', 'down', 'grow', 'shrink', 'shake', 'still'] as const;

/** One of the classes. */
export type Motion = (typeof motions)[number];

/** Centre (pixels, y down) and side (pixels) of a glyph at a time in 0 … 1. */
export interface Pose {
  readonly x: number;
  readonly y: number;
  readonly size: number;
}

export type Path = (time: number) => Pose;

const directions: Partial<Record<Motion, readonly [number, number]>> = {
  left: [-1, 0],
  right: [1, 0],
  up: [0, -1],
  down: [0, 1],
};

/**
 * A random path of one motion in a frame of `frame` pixels a side. The middle of the path, not its beginning, is what
 * is random, so that no single frame tells the motion: a glyph moving left is on the right no more often than another.
 */
export function randomPath(motion: Motion, frame: number, random: Random): Path {
  const size = random.between(0.36, 0.52) * frame;
  const reach = random.between(0.22, 0.45) * frame;
  const margin = 0.3 * frame;
  const x = random.between(margin, frame - margin);
  const y = random.between(margin, frame - margin);
  // A slow drift across the motion, so that a straight path is not exactly straight.
  const slant = random.between(-0.2, 0.2) * reach;
  const direction = directions[motion];
  if (direction) {
    const [dx, dy] = direction;
    return (time) => {
      const along = (time - 0.5) * reach;
      const across = (time - 0.5) * slant;
      return { x: x + dx * along + dy * across, y: y + dy * along + dx * across, size };
    };
  }
  if (motion === 'still') return () => ({ x, y, size });
  if (motion === 'shake') {
    const heading = random.between(0, 2 * Math.PI);
    const phase = random.between(0, 2 * Math.PI);
    const amplitude = random.between(0.07, 0.11) * frame;
    return (time) => {
      const away = amplitude * Math.sin(phase + 2 * Math.PI * time);
      return { x: x + away * Math.cos(heading), y: y + away * Math.sin(heading), size };
    };
  }
  const ratio = random.between(1.8, 2.6) ** (motion === 'grow' ? 1 : -1);
  return (time) => ({
    x: x + (time - 0.5) * slant,
    y: y + (time - 0.5) * slant,
    size: size * ratio ** (time - 0.5),
  });
}
