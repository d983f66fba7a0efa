/** What is known of an image file, and what decodes it. */
import type { ImageSize } from '../boxes/formats.ts';

/** EXIF's number: 1 upright, 2 mirrored, 3 turned by 180°, 4 mirrored and turned by 180°, 5 … 8 on their side. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

export interface ImageHeader {
  readonly format: 'jpeg' | 'png' | 'webp';
  /** As stored, in pixels. */
  readonly width: number;
  readonly height: number;
  readonly orientation: Orientation;
  /** Where the orientation's 16 bits stand in the file. */
  readonly orientationAt?: { readonly offset: number; readonly little: boolean };
  readonly cmyk: boolean;
  readonly sixteenBit: boolean;
  readonly alpha: boolean;
}

/** `undefined`: the bytes end before the header does. `false`: damaged. */
export type ParsedHeader = ImageHeader | undefined | false;

const latin1 = new TextDecoder('latin1');
/** ASCII only: in browsers `latin1` is Windows' code page, which differs from 80 to 9F. */
export const textAt = (bytes: Uint8Array, from: number, length: number) =>
  latin1.decode(bytes.subarray(from, from + length));

/**
 * Decodes a picture as it is stored, whatever its orientation, as RGB in 8 bits: transparency on white, CMYK and 16 bits
 * converted.
 * @param size of the result, at most the stored size; smaller ones are filtered so that nothing aliases
 * @returns [height, width, 3]
 * @throws an error of the decoder's own where the data are damaged
 */
export type DecodeImage = (bytes: Uint8Array, header: ImageHeader, size: ImageSize) => Promise<Uint8Array>;
