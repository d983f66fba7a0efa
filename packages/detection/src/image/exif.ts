/** The orientation in a block of EXIF (a TIFF directory): tag 0x0112. */
import type { Orientation } from './contract.ts';

export interface FoundOrientation {
  readonly orientation: Orientation;
  readonly orientationAt?: { readonly offset: number; readonly little: boolean };
}

/** @param from where the TIFF header stands; what is not understood counts as upright, as every viewer has it */
export function exifOrientation(bytes: Uint8Array, from: number, to: number): FoundOrientation {
  const upright = { orientation: 1 } as const;
  const end = Math.min(to, bytes.length);
  if (from + 8 > end) return upright;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const order = view.getUint16(from);
  const little = order === 0x4949;
  if (!little && order !== 0x4d4d) return upright;
  const directory = from + view.getUint32(from + 4, little);
  if (directory + 2 > end) return upright;
  const entries = view.getUint16(directory, little);
  for (let i = 0; i < entries; i++) {
    const at = directory + 2 + 12 * i;
    if (at + 12 > end) return upright;
    if (view.getUint16(at, little) !== 0x0112) continue;
    const value = view.getUint16(at + 8, little);
    if (!(value >= 1 && value <= 8)) return upright;
    return { orientation: value as Orientation, orientationAt: { offset: at + 8, little } };
  }
  return upright;
}
