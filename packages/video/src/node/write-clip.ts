/** Clips written to mp4 or webm, for generated example data. */
import { rename, rm } from 'node:fs/promises';
import { extname } from 'node:path';
import { FilePathTarget, Mp4OutputFormat, Output, VideoSample, VideoSampleSource, WebMOutputFormat } from 'mediabunny';
import type { Size } from '../reader/contract.ts';
import { keepAlive, startWebCodecs } from './webcodecs.ts';
import { toI420 } from './yuv.ts';

const formats = {
  '.mp4': { make: () => new Mp4OutputFormat({ fastStart: 'in-memory' }), codec: 'avc' },
  '.webm': { make: () => new WebMOutputFormat(), codec: 'vp9' },
} as const;

/** How {@link writeClip} codes. */
export interface WriteClipOptions extends Size {
  readonly fps: number;
  /** Default: `avc` (H.264) in mp4, `vp9` in webm. */
  readonly codec?: 'avc' | 'vp9' | 'av1';
  /** Bits a second. Default: 8 a pixel of a second, at which what is lost is mostly colour resolution (4:2:0). */
  readonly bitrate?: number;
}

/**
 * Encodes frames [frames, height, width, 3] (bytes, RGB) into a file, which appears under its name when it is whole.
 * @param path ends in .mp4 or .webm
 * @throws RangeError when sizes do not fit: width and height must be even; an Error where there is no encoder
 */
export async function writeClip(path: string, frames: Uint8Array, options: WriteClipOptions): Promise<void> {
  const { width, height, fps } = options;
  const format = formats[extname(path).toLowerCase() as keyof typeof formats];
  if (!format) throw new RangeError(`${path}: clips are written as .mp4 or .webm.`);
  if (width % 2 !== 0 || height % 2 !== 0 || !(width > 0 && height > 0))
    throw new RangeError(`${path}: ${width}×${height} cannot be encoded; width and height must be even.`);
  const bytes = width * height * 3;
  const count = frames.length / bytes;
  if (!Number.isInteger(count) || count < 1)
    throw new RangeError(`${path}: ${frames.length} bytes are not a whole number of ${width}×${height} RGB frames.`);
  if (!(fps > 0)) throw new RangeError(`${path}: fps is ${fps}; it must be above 0.`);
  const missing = await startWebCodecs();
  if (missing) throw new Error(`${path}: WebCodecs could not be started (${missing}). Install @napi-rs/webcodecs.`);
  const temporary = `${path}.part`;
  const output = new Output({ format: format.make(), target: new FilePathTarget(temporary) });
  const { codec = format.codec, bitrate = Math.max(1e5, 8 * width * height * fps) } = options;
  try {
    await keepAlive(async () => {
      const source = new VideoSampleSource({ codec, bitrate, keyFrameInterval: 2 });
      output.addVideoTrack(source, { frameRate: fps });
      await output.start();
      for (let frame = 0; frame < count; frame++) {
        const sample = new VideoSample(toI420(frames.subarray(frame * bytes, (frame + 1) * bytes), options), {
          format: 'I420',
          codedWidth: width,
          codedHeight: height,
          timestamp: frame / fps,
          duration: 1 / fps,
        });
        await source.add(sample).finally(() => sample.close());
      }
      await output.finalize();
    });
    await rename(temporary, path);
  } catch (error) {
    await output.cancel().catch(() => undefined);
    await rm(temporary, { force: true });
    throw error;
  }
}
