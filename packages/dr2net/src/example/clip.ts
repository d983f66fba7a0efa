/** Draws one clip: one or two glyphs that share a motion, over a drifting background, with noise. */
import { randomBackground, randomColour } from './background.ts';
import { glyphSize } from './glyph.ts';
import { type Motion, type Path, randomPath } from './motion.ts';
import { Random } from './random.ts';

export interface ClipOptions {
  /** Frames a clip. */
  readonly frames: number;
  /** Height and width in pixels. */
  readonly size: number;
}

/** Those of the example. */
export const clipOptions: ClipOptions = { frames: 8, size: 32 };

interface Actor {
  readonly glyph: Float32Array;
  readonly path: Path;
  readonly colour: readonly [number, number, number];
  readonly opacity: number;
}

/** Bilinear value of a glyph at a place in 0 … 8; 0 outside. */
function sampleGlyph(glyph: Float32Array, x: number, y: number): number {
  const [u, v] = [x - 0.5, y - 0.5];
  const [i, j] = [Math.floor(u), Math.floor(v)];
  const at = (column: number, row: number) =>
    column < 0 || row < 0 || column >= glyphSize || row >= glyphSize ? 0 : (glyph[row * glyphSize + column] ?? 0);
  const [a, b] = [u - i, v - j];
  return (at(i, j) * (1 - a) + at(i + 1, j) * a) * (1 - b) + (at(i, j + 1) * (1 - a) + at(i + 1, j + 1) * a) * b;
}

/** A colour that can be told from the background's mean: at least 0.35 away in the mean of its channels. */
function visibleColour(random: Random, behind: number): readonly [number, number, number] {
  for (;;) {
    const colour = randomColour(random);
    if (Math.abs((colour[0] + colour[1] + colour[2]) / 3 - behind) > 0.35) return colour;
    if (behind > 0.5 && random.next() < 0.5) return [colour[0] * 0.2, colour[1] * 0.2, colour[2] * 0.2];
    if (behind <= 0.5 && random.next() < 0.5) return [1 - colour[0] * 0.2, 1 - colour[1] * 0.2, 1 - colour[2] * 0.2];
  }
}

/**
 * @param glyphs the glyphs to choose from: grey values in 0 … 1 [8, 8] each
 * @param seed equal seeds give equal clips
 * @returns RGB bytes [frames, size, size, 3]
 */
export function drawClip(
  motion: Motion,
  glyphs: readonly Float32Array[],
  seed: readonly number[],
  { frames, size }: ClipOptions = clipOptions,
): Uint8Array {
  const random = new Random(...seed);
  const background = randomBackground(size, random);
  const middle = background(size / 2, size / 2, 0);
  const behind = (middle[0] + middle[1] + middle[2]) / 3;
  const actors: Actor[] = Array.from({ length: random.next() < 0.3 ? 2 : 1 }, () => ({
    glyph: glyphs[random.below(glyphs.length)] ?? new Float32Array(glyphSize * glyphSize),
    path: randomPath(motion, size, random),
    colour: visibleColour(random, behind),
    opacity: random.between(0.6, 1),
  }));
  const noise = random.between(0, 0.06);
  const pixels = new Uint8Array(frames * size * size * 3);
  let at = 0;
  for (let frame = 0; frame < frames; frame++) {
    const time = frames > 1 ? frame / (frames - 1) : 0;
    const poses = actors.map((actor) => actor.path(time));
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        let colour = background(x, y, time);
        for (const [index, actor] of actors.entries()) {
          const pose = poses[index];
          if (!pose) continue;
          const scale = glyphSize / pose.size;
          const column = (x + 0.5 - pose.x) * scale + glyphSize / 2;
          const row = (y + 0.5 - pose.y) * scale + glyphSize / 2;
          const share = actor.opacity * sampleGlyph(actor.glyph, column, row);
          if (share > 0) {
            const over = actor.colour;
            colour = [
              colour[0] + (over[0] - colour[0]) * share,
              colour[1] + (over[1] - colour[1]) * share,
              colour[2] + (over[2] - colour[2]) * share,
            ];
          }
        }
        for (const channel of colour)
          pixels[at++] = Math.min(255, Math.max(0, Math.round(255 * (channel + noise * random.normal()))));
      }
    }
  }
  return pixels;
}
