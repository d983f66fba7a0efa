/**
 * Decoded images kept for later epochs, until the memory for them is used; those that come later are decoded each time. Nothing
 * is evicted: an epoch visits every image once, and evicting the oldest would then never hit.
 */
import type { ImageSize } from '../boxes/formats.ts';
import type { DetectionImage } from '../dataset/contract.ts';
import { type ImagePlatform, type LoadedImage, loadImage } from '../image/load.ts';

export type GetImage = (image: DetectionImage) => Promise<LoadedImage>;

/** Reducing by less than this is not worth filtering the picture twice. */
const worthwhile = 0.75;

/**
 * The size to keep of an image: no sample shows more of it.
 * @param least the smallest part that is shown, a share of the width and of the height
 */
export function keptSize({ width, height }: ImageSize, canvas: ImageSize, least: number): ImageSize {
  const largest = Math.min(canvas.width / (least * width), canvas.height / (least * height));
  // All of it at once is filtered once only: the sample then takes it as it is.
  if (largest >= (least === 1 ? 1 : worthwhile)) return { width, height };
  return { width: Math.max(1, Math.round(width * largest)), height: Math.max(1, Math.round(height * largest)) };
}

/** @param memory bytes */
export function keptImages(
  platform: ImagePlatform,
  memory: number,
  keep: (original: ImageSize) => ImageSize,
): GetImage {
  const kept = new Map<string, LoadedImage>();
  let used = 0;
  return async (image) => {
    const known = kept.get(image.id);
    if (known) return known;
    const loaded = await loadImage(image, platform, keep);
    if (!kept.has(image.id) && used + loaded.pixels.length <= memory) {
      kept.set(image.id, loaded);
      used += loaded.pixels.length;
    }
    return loaded;
  };
}
