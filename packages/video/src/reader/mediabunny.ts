/**
 * mp4, mov, mkv and webm through mediabunny (demuxing) and WebCodecs (decoding). Needs `globalThis.VideoDecoder`, which
 * browsers have; in Node see `node/webcodecs.ts`.
 */
import { EncodedPacketSink, type Input, type InputVideoTrack, VideoSampleSink } from 'mediabunny';
import type { ClipSpan } from '../dataset/clip.ts';
import { BadClipError } from '../dataset/errors.ts';
import { checkComplete, framesWithin } from './check.ts';
import type { OpenClip, Size } from './contract.ts';
import { scaleRgb, uprightRgb } from './pixels.ts';

/** Why mediabunny cannot read a file that may be sound: another reader is asked then. */
export class UnsupportedFileError extends Error {
  override readonly name = 'UnsupportedFileError';
  constructor(
    readonly part: 'container' | 'codec',
    message: string,
  ) {
    super(message);
  }
}

/** Whether a file calls itself one that is read here. */
export const isWebFormat = (name: string) => /\.(mp4|m4v|mov|mkv|webm)$/i.test(name);

/** A file that calls itself mp4 and is none is broken; that no other decoder is there to ask does not matter. */
export function misnamed(clip: ClipSpan, why: string): BadClipError {
  return new BadClipError(clip.id, 'unreadable', `${why}, whatever its name says. Copy it again, or remove it.`);
}

function unreadable(clip: ClipSpan, error: unknown): BadClipError {
  const reason = error instanceof Error ? error.message : String(error);
  return new BadClipError(clip.id, 'unreadable', `cannot be decoded (${reason}). Copy it again, or remove it.`, {
    cause: error,
  });
}

interface FrameTimes {
  /** Seconds of every frame, ascending; frames before 0 are not shown (an edit list cut them off). */
  readonly times: readonly number[];
  /** Seconds of the frame whose bytes come last in the file. */
  readonly lastStored: number;
}

async function frameTimes(track: InputVideoTrack): Promise<FrameTimes> {
  const times: number[] = [];
  for await (const packet of new EncodedPacketSink(track).packets(undefined, undefined, { metadataOnly: true }))
    times.push(packet.timestamp);
  const lastStored = times.at(-1) ?? 0;
  return { times: times.filter((time) => time > -1e-6).sort((a, b) => a - b), lastStored };
}

/** How many of the frames have their bytes in the file: all, unless the file was cut. */
async function framesPresent(track: InputVideoTrack, { times, lastStored }: FrameTimes): Promise<number> {
  // The index is whole; when the last bytes are there too, so are all before them.
  const last = await new EncodedPacketSink(track).getPacket(lastStored).catch(() => null);
  return last && last.data.length > 0 ? times.length : countUntilCut(track);
}

/** Reads the packets in the file's order; the first that is cut off ends it. */
async function countUntilCut(track: InputVideoTrack): Promise<number> {
  let present = 0;
  try {
    for await (const packet of new EncodedPacketSink(track).packets()) if (packet.data.length > 0) present++;
  } catch {
    // The cut was reached.
  }
  return present;
}

async function readFrames(
  clip: ClipSpan,
  track: InputVideoTrack,
  times: readonly number[],
  size: Size,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const bytes = size.width * size.height * 3;
  const out = new Uint8Array(times.length * bytes);
  const rotation = await track.getRotation();
  let done = 0;
  let rgba = new Uint8Array(0);
  for await (const sample of new VideoSampleSink(track).samplesAtTimestamps(times)) {
    if (!sample) throw new Error(`no picture at ${times[done]} s`);
    try {
      signal?.throwIfAborted();
      const stored = { width: sample.visibleRect.width, height: sample.visibleRect.height };
      const length = sample.allocationSize({ format: 'RGBA' });
      if (rgba.length !== length) rgba = new Uint8Array(length);
      await sample.copyTo(rgba, { format: 'RGBA' });
      const upright = rotation % 180 === 0 ? stored : { width: stored.height, height: stored.width };
      out.set(scaleRgb(uprightRgb(rgba, stored, rotation), upright, size), done++ * bytes);
    } finally {
      sample.close();
    }
  }
  if (done < times.length) throw new Error(`the decoder gave ${done} of ${times.length} frames of ${clip.id}`);
  return out;
}

/**
 * Opens a clip; the input is closed with it, or when opening fails.
 * @throws UnsupportedFileError when the container or the codec is not known here
 */
export async function openMediabunny(clip: ClipSpan, input: Input): Promise<OpenClip> {
  try {
    // A file of a few bytes makes it throw where it looks for a header.
    if (!(await input.canRead().catch(() => false)))
      throw new UnsupportedFileError('container', 'the file is no mp4, mov, mkv or webm');
    const track = await input.getPrimaryVideoTrack();
    if (!track)
      throw new BadClipError(clip.id, 'unreadable', 'the file has no video track, or was cut before its index.');
    if (!(await track.canDecode()))
      throw new UnsupportedFileError('codec', `no WebCodecs decoder for ${(await track.getCodec()) ?? 'its codec'}`);
    const found = await frameTimes(track);
    const { times } = found;
    checkComplete(clip, await framesPresent(track, found), times.length);
    const zero = times[0] ?? 0;
    const { first, frames } = framesWithin(
      clip,
      times.map((time) => time - zero),
    );
    const last = times.at(-1) ?? zero;
    return {
      info: {
        frames,
        width: await track.getDisplayWidth(),
        height: await track.getDisplayHeight(),
        fps: times.length > 1 && last > zero ? (times.length - 1) / (last - zero) : 0,
      },
      async read(indices, size, signal) {
        try {
          return await readFrames(
            clip,
            track,
            indices.map((i) => times[first + i] as number),
            size,
            signal,
          );
        } catch (error) {
          signal?.throwIfAborted();
          throw unreadable(clip, error);
        }
      },
      close: () => input.dispose(),
    };
  } catch (error) {
    input.dispose();
    if (error instanceof UnsupportedFileError || error instanceof BadClipError) throw error;
    throw unreadable(clip, error);
  }
}
