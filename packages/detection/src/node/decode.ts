/** Decoding in Node, by sharp (libvips). It is loaded when the first image is, so that boxes and losses do without it. */
import { NoDecoderError } from '../dataset/errors.ts';
import type { DecodeImage } from '../image/contract.ts';

async function importSharp() {
  try {
    return (await import('sharp')).default;
  } catch (error) {
    throw new NoDecoderError(
      'Images are decoded by the package sharp, which does not load on this machine ' +
        `(${error instanceof Error ? error.message.split('\n')[0] : error}). Install it again, for this platform: npm install sharp.`,
      { cause: error },
    );
  }
}

let loading: ReturnType<typeof importSharp> | undefined;

/** @throws NoDecoderError */
export const loadSharp = () => (loading ??= importSharp());

export const decodeImage: DecodeImage = async (bytes, header, { width, height }) => {
  const sharp = await loadSharp();
  // What other decoders only warn of is not refused here either.
  const picture = sharp(bytes, { failOn: 'error' });
  if (width !== header.width || height !== header.height)
    picture.resize({ width, height, fit: 'fill', kernel: 'linear' });
  const { data, info } = await picture
    .flatten({ background: 'white' })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  if (info.channels !== 3 || info.width !== width || info.height !== height)
    throw new Error(
      `decoded as ${info.width} × ${info.height} with ${info.channels} channels instead of ${width} × ${height} with 3`,
    );
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
};
