/** Reads what a reader of this page brings: clips by the browser's decoders, images as clips that stand still, recordings as they are. */
import {
  BadClipError,
  type ClipReader,
  type ClipSpan,
  clipReader,
  NoDecoderError,
  type OpenClip,
  type Size,
} from '@dr2net/video';

const stillFrames = 16;
const stillRate = 8;

async function drawn(source: ImageBitmapSource, { width, height }: Size): Promise<Uint8Array> {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('This browser draws no pictures in a worker.');
  const bitmap = await createImageBitmap(source, {
    ...{ resizeWidth: width, resizeHeight: height, resizeQuality: 'high', imageOrientation: 'from-image' },
  });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) rgb.set(data.subarray(4 * i, 4 * i + 3), 3 * i);
  return rgb;
}

async function openImage(id: string, file: Blob): Promise<OpenClip> {
  const bitmap = await createImageBitmap(file).catch((error: unknown) => {
    throw new BadClipError(
      id,
      'unreadable',
      `it is no image that this browser reads (${error instanceof Error ? error.message : error}).`,
    );
  });
  const { width, height } = bitmap;
  bitmap.close();
  return {
    info: { width, height, frames: stillFrames, fps: stillRate },
    async read(indices, size) {
      const still = await drawn(file, size);
      const all = new Uint8Array(indices.length * still.length);
      for (let i = 0; i < indices.length; i++) all.set(still, i * still.length);
      return all;
    },
    close() {},
  };
}

/** Frames [frames, height, width, 3] that are in memory. */
export function openFrames({ width, height, pixels }: Size & { readonly pixels: Uint8Array }): OpenClip {
  const frameBytes = width * height * 3;
  const frames = pixels.length / frameBytes;
  return {
    info: { width, height, frames, fps: stillRate },
    async read(indices, size) {
      const parts = indices.map((index) => pixels.subarray(index * frameBytes, (index + 1) * frameBytes));
      if (size.width !== width || size.height !== height) {
        const images = parts.map((part) => imageOf(part, width, height));
        return joined(await Promise.all(images.map((image) => drawn(image, size))));
      }
      return joined(parts);
    },
    close() {},
  };
}

function imageOf(rgb: Uint8Array, width: number, height: number): ImageData {
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    image.data.set(rgb.subarray(3 * i, 3 * i + 3), 4 * i);
    image.data[4 * i + 3] = 255;
  }
  return image;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const nameOf = ({ id, file }: ClipSpan) => (file instanceof Blob ? ((file as Partial<File>).name ?? id) : String(file));

/** What no decoder of this browser reads is left out like a broken file; where there is no decoder at all, everything is refused. */
async function openVideo(videos: ClipReader, clip: ClipSpan, signal?: AbortSignal): Promise<OpenClip> {
  try {
    return await videos.open(clip, signal);
  } catch (error) {
    if (error instanceof NoDecoderError && typeof VideoDecoder !== 'undefined')
      throw new BadClipError(clip.id, 'unreadable', 'it is no clip and no image that this browser reads.', {
        cause: error,
      });
    throw error;
  }
}

/** @param drawnClips frames of the clips whose file is `drawn:` and a key of these */
export function pageReader(drawnClips: ReadonlyMap<string, Size & { readonly pixels: Uint8Array }>): ClipReader {
  const videos = clipReader();
  return {
    name: 'page',
    identity: (clip) => (typeof clip.file === 'string' ? Promise.resolve(clip.file) : videos.identity(clip)),
    async open(clip, signal) {
      const { id, file } = clip;
      const made = typeof file === 'string' ? drawnClips.get(file) : undefined;
      if (made) return openFrames(made);
      if (!(file instanceof Blob)) throw new BadClipError(id, 'missing', 'it is not there any more.');
      if (file.size === 0) throw new BadClipError(id, 'empty', 'the file has 0 bytes. Choose another.');
      const name = nameOf(clip);
      if (name.endsWith('.frames')) {
        const [width = 0, height = 0] = new Uint32Array(await file.slice(0, 8).arrayBuffer());
        return openFrames({ width, height, pixels: new Uint8Array(await file.slice(8).arrayBuffer()) });
      }
      return /\.(jpe?g|png|webp|gif|avif|bmp)$/i.test(name) || file.type.startsWith('image/')
        ? openImage(id, file)
        : openVideo(videos, clip, signal);
    },
  };
}
