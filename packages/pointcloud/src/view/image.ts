/** An image as numbers, and the same as PNG. */
import { encode } from 'fast-png';

/** An image as numbers. */
export interface RgbaImage {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** `[height, width, 4]`: red, green, blue, opacity, 0 … 255, colours not multiplied by the opacity, from the top left. */
  readonly data: Uint8ClampedArray<ArrayBuffer>;
}

/** The image as the bytes of a PNG file; without its opacity where every pixel is opaque. */
export function encodePng({ width, height, data }: RgbaImage): Uint8Array {
  const pixels = width * height;
  let opaque = true;
  for (let at = 3; at < data.length && opaque; at += 4) opaque = data[at] === 255;
  if (!opaque) return encode({ width, height, data, channels: 4 }, { zlib: { level: 9 } });
  const colours = new Uint8Array(3 * pixels);
  for (let i = 0; i < pixels; i++) for (let c = 0; c < 3; c++) colours[3 * i + c] = data[4 * i + c] as number;
  return encode({ width, height, data: colours, channels: 3 }, { zlib: { level: 9 } });
}
