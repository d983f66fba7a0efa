/** What ffprobe says of a file: the size of the upright picture, and the time of every frame that can be decoded. */
import type { ClipSpan } from '../dataset/clip.ts';
import { BadClipError } from '../dataset/errors.ts';
import { checkComplete } from '../reader/check.ts';
import type { Size } from '../reader/contract.ts';
import { runProgram } from './process.ts';

interface Stream {
  codec_name?: string;
  width?: number;
  height?: number;
  nb_frames?: string;
  avg_frame_rate?: string;
  sample_aspect_ratio?: string;
  side_data_list?: { rotation?: number }[];
}

interface Output {
  streams?: Stream[];
  frames?: { best_effort_timestamp_time?: string; pts_time?: string }[];
}

export interface Probed extends Size {
  /** Seconds, ascending, as the container counts them (the first need not be 0). */
  readonly times: readonly number[];
  readonly fps: number;
}

/** `30000/1001` or `4:3` as a number; `otherwise` where it is undefined (`0/0`, `0:1`, absent). */
function ratio(text: string | undefined, otherwise: number): number {
  const [over, under] = (text ?? '').split(/[/:]/).map(Number);
  return over && under ? over / under : otherwise;
}

function uprightSize(stream: Stream): Size {
  const aspect = ratio(stream.sample_aspect_ratio, 1);
  const width = Math.round((stream.width ?? 0) * aspect);
  const height = stream.height ?? 0;
  const rotation = stream.side_data_list?.find((data) => data.rotation !== undefined)?.rotation ?? 0;
  return Math.abs(rotation) % 180 === 90 ? { width: height, height: width } : { width, height };
}

/** What ffmpeg takes a file of text for: it draws the letters, and anything would be a clip. */
const textArt: ReadonlySet<string> = new Set(['ansi', 'bintext', 'xbin', 'idf']);

const entries =
  'stream=codec_name,width,height,nb_frames,avg_frame_rate,sample_aspect_ratio:stream_side_data=rotation:frame=best_effort_timestamp_time,pts_time';

/**
 * Decodes the file once, without keeping a picture, so that frames are those that are really there.
 * @throws BadClipError for a file that has no video, or fewer frames than it declares; the spawn error without ffprobe
 */
export async function ffprobe(program: string, clip: ClipSpan, path: string, signal?: AbortSignal): Promise<Probed> {
  const args = ['-v', 'error', '-select_streams', 'v:0', '-show_entries', entries, '-of', 'json', path];
  const { code, stdout, stderr } = await runProgram(program, args, { signal });
  const output = (code === 0 ? JSON.parse(stdout.toString()) : {}) as Output;
  const stream = output.streams?.[0];
  if (!stream?.width || !stream.height || textArt.has(stream.codec_name ?? '')) {
    const said = stderr.split('\n').at(-1)?.replace(`${path}: `, '');
    const reason = stream ? 'it is text' : said || 'no video track';
    throw new BadClipError(
      clip.id,
      'unreadable',
      `ffprobe finds no video in it (${reason}). Copy it again, or remove it.`,
    );
  }
  const frames = output.frames ?? [];
  const declared = Number(stream.nb_frames);
  checkComplete(clip, frames.length, Number.isFinite(declared) ? declared : undefined);
  const fps = ratio(stream.avg_frame_rate, 25);
  const times = frames.map((frame, i) => {
    const time = Number(frame.best_effort_timestamp_time ?? frame.pts_time ?? Number.NaN);
    return Number.isFinite(time) ? time : i / fps;
  });
  return { ...uprightSize(stream), times, fps };
}
