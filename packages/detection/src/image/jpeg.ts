/** JPEG's segments (ITU T.81, annex B), as far as the frame header. */

import { type ParsedHeader, textAt } from './contract.ts';
import { exifOrientation, type FoundOrientation } from './exif.ts';

/** Markers without a length behind them. */
const bare = (marker: number) => marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8);
/** Start of frame: C0 … CF but for tables (C4), a reserved one (C8) and arithmetic conditioning (CC). */
const isFrame = (marker: number) => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
const startOfScan = 0xda;

/** Calls `visit(marker, offset of its length)` for one segment after another, until it says `true`. */
function walk(bytes: Uint8Array, visit: (marker: number, at: number) => boolean): boolean | undefined {
  let at = 2;
  for (;;) {
    if (at + 1 >= bytes.length) return undefined;
    if (bytes[at] !== 0xff) return false;
    const marker = bytes[at + 1] as number;
    if (marker === 0xff) at++;
    else if (bare(marker)) at += 2;
    else {
      if (at + 4 > bytes.length) return undefined;
      if (visit(marker, at + 2)) return true;
      if (marker === startOfScan) return false;
      at += 2 + (((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number));
    }
  }
}

export function jpegHeader(bytes: Uint8Array): ParsedHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let found: FoundOrientation = { orientation: 1 };
  let frame = 0;
  const done = walk(bytes, (marker, at) => {
    if (marker === 0xe1 && textAt(bytes, at + 2, 6) === 'Exif\0\0')
      found = exifOrientation(bytes, at + 8, at + view.getUint16(at));
    frame = at;
    return isFrame(marker);
  });
  if (!done) return done === false ? false : undefined;
  if (frame + 8 > bytes.length) return undefined;
  return {
    format: 'jpeg',
    height: view.getUint16(frame + 3),
    width: view.getUint16(frame + 5),
    ...found,
    cmyk: view.getUint8(frame + 7) === 4,
    sixteenBit: false,
    alpha: false,
  };
}

/**
 * Whether the picture's data have an end. In a scan a byte FF is followed by 00, a restart or a marker, so FF D9 behind
 * the first scan's beginning is the end of the image, not something inside (a thumbnail has one before).
 */
export function jpegIsWhole(bytes: Uint8Array): boolean {
  if (bytes.at(-2) === 0xff && bytes.at(-1) === 0xd9) return true;
  let scan = 0;
  walk(bytes, (marker, at) => {
    scan = at;
    return marker === startOfScan;
  });
  for (let at = bytes.indexOf(0xff, scan); at >= 0; at = bytes.indexOf(0xff, at + 1))
    if (bytes[at + 1] === 0xd9) return true;
  return false;
}
