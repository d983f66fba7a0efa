/** A box with noise on its four sides, as contrastive denoising shows it to the decoder (DINO, arXiv 2203.03605, section 3.3). */
import type { Random } from '@dr2net/models';

const inside = (value: number) => Math.min(1, Math.max(0, value));

/** What is left of an axis whose sides passed each other; a box without area would be padding. */
const least = 1e-3;

/** One axis: both sides moved, clipped to the picture. Sides that pass each other all but meet in between. */
function axis(centre: number, size: number, moved: () => number): [centre: number, size: number] {
  const low = inside(centre - size / 2 + (moved() * size) / 2);
  const high = inside(centre + size / 2 + (moved() * size) / 2);
  return [(low + high) / 2, Math.max(least, high - low)];
}

/**
 * @param box [cx, cy, w, h], shares of the picture
 * @param noise [from, to]: each side is moved by from … to halves of the box, inwards or outwards
 * @returns likewise, within the picture
 */
export function noisedBox(
  [cx, cy, w, h]: readonly [number, number, number, number],
  [from, to]: readonly [number, number],
  random: Random,
): [number, number, number, number] {
  const moved = () => (random() < 0.5 ? -1 : 1) * random.between(from, to);
  const [x, width] = axis(cx, w, moved);
  const [y, height] = axis(cy, h, moved);
  return [x, y, width, height];
}
