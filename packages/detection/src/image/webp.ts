/** WebP's chunks (RFC 9649): lossy (VP8), lossless (VP8L), extended (VP8X). */

import { type ParsedHeader, textAt } from './contract.ts';
import { exifOrientation } from './exif.ts';

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** RIFF's size leaves out its own eight bytes. */
export const webpIsWhole = (bytes: Uint8Array): boolean => bytes.length >= 8 + view(bytes).getUint32(4, true);

/** Orientation stands in a chunk behind the picture. */
function orientation(bytes: Uint8Array) {
  const data = view(bytes);
  for (let at = 12; at + 8 <= bytes.length; ) {
    const length = data.getUint32(at + 4, true);
    // Some writers put JPEG's prefix before the TIFF header.
    const prefix = textAt(bytes, at + 8, 6) === 'Exif\0\0' ? 6 : 0;
    if (textAt(bytes, at, 4) === 'EXIF') return exifOrientation(bytes, at + 8 + prefix, at + 8 + length);
    at += 8 + length + (length % 2);
  }
  return { orientation: 1 } as const;
}

export function webpHeader(bytes: Uint8Array): ParsedHeader {
  if (bytes.length < 30) return undefined;
  const data = view(bytes);
  const common = { format: 'webp', cmyk: false, sixteenBit: false } as const;
  const kind = textAt(bytes, 12, 4);
  if (kind === 'VP8 ')
    return {
      ...common,
      width: data.getUint16(26, true) & 0x3fff,
      height: data.getUint16(28, true) & 0x3fff,
      orientation: 1,
      alpha: false,
    };
  if (kind === 'VP8L') {
    const bits = data.getUint32(21, true);
    const [width, height] = [(bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1];
    return { ...common, width, height, orientation: 1, alpha: (bits & (2 ** 28)) !== 0 };
  }
  if (kind !== 'VP8X') return false;
  const flags = data.getUint8(20);
  if (flags & 0x08 && !webpIsWhole(bytes)) return undefined;
  return {
    ...common,
    width: (data.getUint32(24, true) & 0xffffff) + 1,
    height: (data.getUint32(26, true) >>> 8) + 1,
    ...(flags & 0x08 ? orientation(bytes) : { orientation: 1 }),
    alpha: (flags & 0x10) !== 0,
  };
}
