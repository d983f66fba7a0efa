/** PNG's chunks (W3C PNG, third edition). */

import { type ParsedHeader, textAt } from './contract.ts';
import { exifOrientation, type FoundOrientation } from './exif.ts';

/** Calls `visit(type, offset of the content, length)` for one chunk after another, until it says `true`. */
function walk(bytes: Uint8Array, visit: (type: string, at: number, length: number) => boolean): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 8; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at);
    if (visit(textAt(bytes, at + 4, 4), at + 8, length)) return true;
    at += 12 + length;
  }
  return false;
}

export function pngHeader(bytes: Uint8Array): ParsedHeader {
  if (bytes.length < 33) return undefined;
  if (textAt(bytes, 12, 4) !== 'IHDR') return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const colourType = view.getUint8(25);
  let found: FoundOrientation = { orientation: 1 };
  let alpha = colourType === 4 || colourType === 6;
  const reached = walk(bytes, (type, at, length) => {
    if (type === 'eXIf') found = exifOrientation(bytes, at, at + length);
    if (type === 'tRNS') alpha = true;
    return type === 'IDAT' || type === 'IEND';
  });
  if (!reached) return undefined;
  return {
    format: 'png',
    width: view.getUint32(16),
    height: view.getUint32(20),
    ...found,
    cmyk: false,
    sixteenBit: view.getUint8(24) === 16,
    alpha,
  };
}

/** Whether the last chunk is there. */
export const pngIsWhole = (bytes: Uint8Array): boolean =>
  walk(bytes, (type, at) => type === 'IEND' && at + 4 <= bytes.length);
