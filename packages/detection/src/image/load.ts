/** From an image's file to upright RGB, checked against what was annotated. */
import type { ImageSize } from '../boxes/formats.ts';
import { BadImageError, NoDecoderError } from '../dataset/errors.ts';
import type { ImageFile, ReadFile } from '../files/files.ts';
import type { DecodeImage, ImageHeader } from './contract.ts';
import { imageHeader } from './header.ts';
import { jpegIsWhole } from './jpeg.ts';
import { turnUpright, uprightSize } from './orient.ts';
import { pngIsWhole } from './png.ts';
import { webpIsWhole } from './webp.ts';

/** What had to be done to a picture, in words that follow on 'it' or 'they'. */
export type Conversion =
  | 'CMYK, converted to RGB'
  | '16 bits a channel, reduced to 8'
  | 'transparent, shown on white'
  | 'turned by EXIF, but annotated as stored, and left so';

export interface LoadedImage extends ImageSize {
  /** RGB, 8 bits [height, width, 3]. */
  readonly pixels: Uint8Array;
  /** Of the picture that the boxes are in, before it was reduced. */
  readonly original: ImageSize;
  readonly conversions: readonly Conversion[];
}

export interface ImagePlatform {
  readonly read: ReadFile;
  readonly decode: DecodeImage;
}

/** An image that is to be read, with what was annotated of it. */
export interface WantedImage {
  readonly id: string;
  readonly file: ImageFile;
  /** As annotated; absent where nothing is known. */
  readonly width?: number;
  readonly height?: number;
}

const wholes = { jpeg: jpegIsWhole, png: pngIsWhole, webp: webpIsWhole };
const same = (a: ImageSize, b: ImageSize) => a.width === b.width && a.height === b.height;
const inWords = ({ width, height }: ImageSize) => `${width} × ${height}`;

/**
 * Which way up the boxes are: as viewers show the picture, unless only the stored frame has the annotated size.
 * @throws BadImageError where neither has it
 */
export function annotatedFrame({ id, width, height }: WantedImage, header: ImageHeader): 'upright' | 'stored' {
  const upright = uprightSize(header, header.orientation);
  const annotated = { width: width ?? upright.width, height: height ?? upright.height };
  if (same(annotated, upright)) return 'upright';
  if (same(annotated, header)) return 'stored';
  throw new BadImageError(
    id,
    'size',
    `it is ${inWords(upright)} pixels, but was annotated as ${inWords(annotated)}. ` +
      'Use the images that were annotated, or scale the annotations with them.',
  );
}

/**
 * @param keep the size to keep of a picture of this one; not larger
 * @throws NoDecoderError; BadImageError where the file is missing, cut, damaged, of another format, or of another size than annotated
 */
export async function loadImage(
  image: WantedImage,
  { read, decode }: ImagePlatform,
  keep: (original: ImageSize) => ImageSize = (original) => original,
): Promise<LoadedImage> {
  const { id, file } = image;
  const bytes = await read(file, id);
  const header = imageHeader(id, bytes);
  if (!wholes[header.format](bytes))
    throw new BadImageError(id, 'truncated', 'the picture has no end: the file is truncated. Copy it again.');
  const frame = annotatedFrame(image, header);
  const orientation = frame === 'upright' ? header.orientation : 1;
  const original = uprightSize(header, orientation);
  const size = keep(original);
  // Turning there and back is the same change of size.
  const stored = uprightSize(size, orientation);
  let rgb: Uint8Array;
  try {
    rgb = await decode(bytes, header, stored);
  } catch (error) {
    if (error instanceof NoDecoderError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new BadImageError(id, 'unreadable', `it cannot be decoded (${reason}). Copy it again, or leave it out.`, {
      cause: error,
    });
  }
  const conversions: Conversion[] = [];
  if (header.cmyk) conversions.push('CMYK, converted to RGB');
  if (header.sixteenBit) conversions.push('16 bits a channel, reduced to 8');
  if (header.alpha) conversions.push('transparent, shown on white');
  if (frame === 'stored') conversions.push('turned by EXIF, but annotated as stored, and left so');
  return { ...size, pixels: turnUpright(rgb, stored, orientation), original, conversions };
}
