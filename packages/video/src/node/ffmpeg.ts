/** avi and everything else through the `ffmpeg` and `ffprobe` programs of the machine. */
import type { ClipSpan } from '../dataset/clip.ts';
import { BadClipError } from '../dataset/errors.ts';
import { framesWithin } from '../reader/check.ts';
import type { OpenClip, Size } from '../reader/contract.ts';
import type { Probed } from './ffprobe.ts';
import { runProgram } from './process.ts';

/** The two programs; names are looked up on the PATH. */
export interface FfmpegPrograms {
  readonly ffmpeg: string;
  readonly ffprobe: string;
}

/** Whether both programs start. */
export async function hasFfmpeg(programs: FfmpegPrograms): Promise<boolean> {
  try {
    const found = await Promise.all(
      [programs.ffmpeg, programs.ffprobe].map((program) => runProgram(program, ['-version'])),
    );
    return found.every(({ code }) => code === 0);
  } catch {
    return false;
  }
}

/** The frames by number, in runs: `between(n,3,9)+eq(n,12)`. */
function selection(frames: readonly number[]): string {
  const terms: string[] = [];
  for (let i = 0; i < frames.length; ) {
    let j = i;
    while (frames[j + 1] === (frames[j] as number) + 1) j++;
    terms.push(i === j ? `eq(n,${frames[i]})` : `between(n,${frames[i]},${frames[j]})`);
    i = j + 1;
  }
  return terms.join('+');
}

async function readFrames(
  program: string,
  clip: ClipSpan,
  path: string,
  frames: readonly number[],
  size: Size,
  shrinks: boolean,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  // `area` averages, which is right for shrinking only. Stamps are made anew (one a frame), or the muxer's constant
  // frame rate would drop or repeat frames.
  const scale = `scale=${size.width}:${size.height}:flags=${shrinks ? 'area' : 'bilinear'}+accurate_rnd+full_chroma_int`;
  const filter = `select='${selection(frames)}',settb=1/25,setpts=N,${scale},format=rgb24`;
  const args = ['-v', 'error', '-nostdin', '-i', path, '-map', '0:v:0', '-vf', filter, '-frames:v', `${frames.length}`];
  const output = ['-r', '25', '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'];
  const { stdout, stderr } = await runProgram(program, [...args, ...output], { signal });
  const expected = frames.length * size.width * size.height * 3;
  if (stdout.length !== expected)
    throw new BadClipError(
      clip.id,
      'unreadable',
      `ffmpeg gave ${stdout.length} bytes of ${expected} for ${frames.length} frames (${stderr.split('\n').at(-1) || 'no message'}). ` +
        'Copy it again, or remove it.',
    );
  return new Uint8Array(stdout.buffer, stdout.byteOffset, stdout.length);
}

/** @throws BadClipError */
export function openFfmpeg(program: string, clip: ClipSpan, path: string, probed: Probed): OpenClip {
  const { times, width, height, fps } = probed;
  const zero = times[0] ?? 0;
  const { first, frames } = framesWithin(
    clip,
    times.map((time) => time - zero),
  );
  return {
    info: { frames, width, height, fps },
    read(indices, size, signal) {
      const wanted = indices.map((i) => first + i);
      const shrinks = size.width <= width && size.height <= height;
      return readFrames(program, clip, path, wanted, size, shrinks, signal);
    },
    close: () => undefined,
  };
}
