/** RGB to YUV 4:2:0, BT.601 limited range: what decoders assume of small pictures that do not say. */
import type { Size } from '../reader/contract.ts';

/** RGB [height, width, 3] → planes Y [height, width], U and V [height/2, width/2], one after the other. */
export function toI420(rgb: Uint8Array, { width, height }: Size): Uint8Array {
  const area = width * height;
  const out = new Uint8Array((area * 3) / 2);
  for (let i = 0; i < area; i++) {
    const [r, g, b] = [rgb[i * 3] as number, rgb[i * 3 + 1] as number, rgb[i * 3 + 2] as number];
    out[i] = Math.round(16 + (65.481 * r + 128.553 * g + 24.966 * b) / 255);
  }
  const mean = (at: number, c: number) => {
    const below = at + width;
    const sum = [at, at + 1, below, below + 1].reduce((total, pixel) => total + (rgb[pixel * 3 + c] as number), 0);
    return sum / 4;
  };
  for (let y = 0, to = area; y < height; y += 2)
    for (let x = 0; x < width; x += 2, to++) {
      const at = y * width + x;
      const [r, g, b] = [mean(at, 0), mean(at, 1), mean(at, 2)];
      out[to] = Math.round(128 + (-37.797 * r - 74.203 * g + 112 * b) / 255);
      out[to + area / 4] = Math.round(128 + (112 * r - 93.786 * g - 18.214 * b) / 255);
    }
  return out;
}
