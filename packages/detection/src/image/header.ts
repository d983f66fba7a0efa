/** What an image file says of itself before it is decoded: format, size, orientation, and what will have to be converted. */
import { BadImageError } from '../dataset/errors.ts';
import type { ImageFile, ReadFile } from '../files/files.ts';
import { type ImageHeader, type ParsedHeader, textAt } from './contract.ts';
import { jpegHeader } from './jpeg.ts';
import { pngHeader } from './png.ts';
import { webpHeader } from './webp.ts';

function parse(id: string, bytes: Uint8Array): ParsedHeader {
  if (bytes.length === 0) return undefined;
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return jpegHeader(bytes);
  if (bytes[0] === 0x89 && textAt(bytes, 1, 7) === 'PNG\r\n\x1a\n') return pngHeader(bytes);
  if (textAt(bytes, 0, 4) === 'RIFF' && textAt(bytes, 8, 4) === 'WEBP') return webpHeader(bytes);
  throw new BadImageError(
    id,
    'format',
    'its content is none of JPEG, PNG and WebP. Convert it to one of these, or check what the file is.',
  );
}

/**
 * @param bytes the whole file
 * @throws BadImageError for other formats and files that are cut or damaged in the header
 */
export function imageHeader(id: string, bytes: Uint8Array): ImageHeader {
  const header = parse(id, bytes);
  if (header === undefined)
    throw new BadImageError(
      id,
      'truncated',
      bytes.length === 0 ? 'the file is empty. Copy it again.' : 'it ends within its header. Copy it again.',
    );
  if (header === false || header.width < 1 || header.height < 1)
    throw new BadImageError(id, 'unreadable', 'its header is damaged: it has no size. Copy it again.');
  return header;
}

/** Most headers are shorter; camera files with thumbnails and profiles are read whole. */
const enough = 2 ** 16;

/** The same, of a file of which as little is read as will do. */
export async function readHeader(file: ImageFile, id: string, read: ReadFile): Promise<ImageHeader> {
  const beginning = await read(file, id, enough);
  if (beginning.length >= enough) {
    const header = parse(id, beginning);
    if (header) return header;
    return imageHeader(id, await read(file, id));
  }
  return imageHeader(id, beginning);
}
