/** Random erasing (Zhong et al., arXiv 1708.04896): one rectangle, the same in every frame, filled with noise. */
import type { Random } from '@dr2net/models';

/** The rectangle that is erased. */
export interface EraseOptions {
  /** Default 0.25. */
  readonly probability?: number;
  /** Share of the picture, [least, most]. Default [0.02, 1/3]. */
  readonly area?: readonly [number, number];
  /** Width over height. Default [0.3, 1/0.3]. */
  readonly ratio?: readonly [number, number];
}

/** Changes normalised frames [frames, size, size, 3] in place; the noise is uniform with mean 0 and variance 1. */
export function eraseRandomly(pixels: Float32Array, size: number, random: Random, options: EraseOptions = {}): void {
  const { probability = 0.25, area = [0.02, 1 / 3], ratio = [0.3, 1 / 0.3] } = options;
  if (random() >= probability) return;
  for (let attempt = 0; attempt < 10; attempt++) {
    const target = size * size * random.between(area[0], area[1]);
    const aspect = Math.exp(random.between(Math.log(ratio[0]), Math.log(ratio[1])));
    const width = Math.round(Math.sqrt(target * aspect));
    const height = Math.round(Math.sqrt(target / aspect));
    if (width < 1 || height < 1 || width >= size || height >= size) continue;
    const [x, y] = [random.below(size - width), random.below(size - height)];
    const spread = Math.sqrt(3);
    for (let frame = 0; frame < pixels.length; frame += size * size * 3)
      for (let row = y; row < y + height; row++) {
        const from = frame + (row * size + x) * 3;
        for (let i = from; i < from + width * 3; i++) pixels[i] = random.between(-spread, spread);
      }
    return;
  }
}
