/** Generated clips for tests of readers. */
import { FilePathTarget, Mp4OutputFormat, Output, type Rotation, VideoSample, VideoSampleSource } from 'mediabunny';
import { keepAlive, startWebCodecs } from '../src/node/webcodecs.ts';
import { toI420 } from '../src/node/yuv.ts';

export const width = 64;
export const height = 48;

/** Frames whose left half's grey level tells the frame's number, and whose right half is red above and blue below. */
export function numberedFrames(count: number): Uint8Array {
  const frames = new Uint8Array(count * width * height * 3);
  for (let i = 0, to = 0; i < count; i++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++, to += 3)
        frames.set(x < width / 2 ? [level(i), level(i), level(i)] : y < height / 2 ? [200, 20, 20] : [20, 20, 200], to);
  return frames;
}

export const level = (frame: number) => 30 + ((frame * 37) % 190);

/** Writes an mp4 whose stored pictures must be turned, and whose frames may have any times. */
export async function writeTurned(path: string, count: number, rotation: Rotation, time: (frame: number) => number) {
  await startWebCodecs();
  await keepAlive(async () => {
    const output = new Output({ format: new Mp4OutputFormat(), target: new FilePathTarget(path) });
    const source = new VideoSampleSource({ codec: 'avc', bitrate: 1e6 });
    output.addVideoTrack(source, { rotation });
    await output.start();
    const frames = numberedFrames(count);
    const bytes = width * height * 3;
    for (let i = 0; i < count; i++) {
      const data = toI420(frames.subarray(i * bytes, (i + 1) * bytes), { width, height });
      const duration = time(i + 1) - time(i);
      const sample = new VideoSample(data, {
        format: 'I420',
        codedWidth: width,
        codedHeight: height,
        timestamp: time(i),
        duration,
      });
      await source.add(sample);
      sample.close();
    }
    await output.finalize();
  });
}

/** RGB at a place of a frame. */
export function pixel(bytes: Uint8Array, size: { width: number; height: number }, frame: number, x: number, y: number) {
  const at = ((frame * size.height + y) * size.width + x) * 3;
  return [...bytes.subarray(at, at + 3)];
}
