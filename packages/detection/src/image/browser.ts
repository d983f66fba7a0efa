/** The browser's decoders, through a canvas. */
import type { DecodeImage, ImageHeader } from './contract.ts';

/** Browsers turn pictures by EXIF and offer no common way to forbid it: so the copy that they get says that it is upright. */
function withoutOrientation(bytes: Uint8Array, { orientationAt }: ImageHeader): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes);
  if (orientationAt) new DataView(copy.buffer).setUint16(orientationAt.offset, 1, orientationAt.little);
  return copy;
}

export const decodeImage: DecodeImage = async (bytes, header, { width, height }) => {
  const type = `image/${header.format}`;
  const bitmap = await createImageBitmap(new Blob([withoutOrientation(bytes, header)], { type }), {
    resizeWidth: width,
    resizeHeight: height,
    resizeQuality: 'high',
  });
  try {
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    if (!context) throw new Error('this browser gives no 2-D canvas');
    context.fillStyle = 'white';
    context.fillRect(0, 0, width, height);
    context.drawImage(bitmap, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    const rgb = new Uint8Array(width * height * 3);
    for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
      rgb[to] = data[from] as number;
      rgb[to + 1] = data[from + 1] as number;
      rgb[to + 2] = data[from + 2] as number;
    }
    return rgb;
  } finally {
    bitmap.close();
  }
};
