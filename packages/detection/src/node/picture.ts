/** A picture as a file again: smaller, and with boxes drawn on it. */
import type { LoadedImage } from '../image/load.ts';
import { boxesSvg, type DrawnBox } from '../view/boxes.ts';
import { loadSharp } from './decode.ts';

/** How {@link pictureJpeg} makes its file. */
export interface PictureOptions {
  /** Pixels of the longer side at most. Default: as large as it is. */
  readonly longest?: number;
  /** In pixels of the original. */
  readonly boxes?: readonly DrawnBox[];
}

/**
 * The picture as a JPEG.
 * @throws NoDecoderError
 */
export async function pictureJpeg(
  { pixels, width, height, original }: LoadedImage,
  { longest = Number.POSITIVE_INFINITY, boxes = [] }: PictureOptions = {},
): Promise<Uint8Array> {
  const sharp = await loadSharp();
  const scale = Math.min(1, longest / Math.max(width, height));
  const size = { width: Math.max(1, Math.round(scale * width)), height: Math.max(1, Math.round(scale * height)) };
  const picture = sharp(pixels, { raw: { width, height, channels: 3 } }).resize({ ...size, fit: 'fill' });
  if (boxes.length > 0) {
    const overlay = `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}" viewBox="0 0 ${original.width} ${original.height}" preserveAspectRatio="none">${boxesSvg(boxes, original)}</svg>`;
    picture.composite([{ input: Buffer.from(overlay) }]);
  }
  return new Uint8Array(await picture.jpeg({ quality: 88 }).toBuffer());
}
