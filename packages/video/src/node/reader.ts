/** The reader of Node: mp4, mov, mkv and webm through WebCodecs, everything else through ffmpeg. */
import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ALL_FORMATS, BlobSource, FilePathSource, Input, Logging, LogLevel, UrlSource } from 'mediabunny';
import type { ClipFile, ClipSpan } from '../dataset/clip.ts';
import { BadClipError, NoDecoderError } from '../dataset/errors.ts';
import type { ClipReader, OpenClip } from '../reader/contract.ts';
import { isWebFormat, misnamed, openMediabunny, UnsupportedFileError } from '../reader/mediabunny.ts';
import { type FfmpegPrograms, hasFfmpeg, openFfmpeg } from './ffmpeg.ts';
import { ffprobe, type Probed } from './ffprobe.ts';
import { keepAlive, startWebCodecs } from './webcodecs.ts';

/** Files whose probes are kept in memory (8 bytes a frame). */
const maxProbes = 10_000;

/** Which decoder reads. */
export interface ClipReaderOptions extends Partial<FfmpegPrograms> {
  /** `auto` (default): WebCodecs where it knows the format, else ffmpeg; or one of them alone. */
  readonly decoder?: 'auto' | 'webcodecs' | 'ffmpeg';
}

/** The file's path, or undefined for what is not on this machine's disk. */
export function localPath(file: ClipFile): string | undefined {
  if (file instanceof Blob) return undefined;
  if (file instanceof URL) return file.protocol === 'file:' ? fileURLToPath(file) : undefined;
  return /^https?:/i.test(file) ? undefined : file;
}

async function checkPresent(clip: ClipSpan, path: string): Promise<Stats> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new BadClipError(clip.id, 'missing', `there is no file ${path}.`);
  if (!found.isFile()) throw new BadClipError(clip.id, 'unreadable', `${path} is no file. Give the clips in it.`);
  if (found.size === 0) throw new BadClipError(clip.id, 'empty', `${path} has 0 bytes. Copy it again, or remove it.`);
  return found;
}

function openWebCodecs(clip: ClipSpan): Promise<OpenClip> {
  // Its warnings (an unknown codec) come back as errors here, which name the clip; on the console they would only
  // disturb the progress line.
  Logging.level = LogLevel.Errors;
  const path = localPath(clip.file);
  const source =
    clip.file instanceof Blob
      ? new BlobSource(clip.file)
      : path === undefined
        ? new UrlSource(clip.file)
        : new FilePathSource(path);
  return keepAlive(async () => {
    const open = await openMediabunny(clip, new Input({ source, formats: ALL_FORMATS }));
    return { ...open, read: (...args: Parameters<OpenClip['read']>) => keepAlive(() => open.read(...args)) };
  });
}

/** What WebCodecs could not do, and what to do about it. */
function noDecoder(clip: ClipSpan, why: string): NoDecoderError {
  return new NoDecoderError(
    `${clip.id}: ${why}, and there is no ffmpeg (with ffprobe) on the PATH. Install ffmpeg ` +
      '(apt install ffmpeg, brew install ffmpeg, winget install ffmpeg), or convert the clip to mp4 (H.264) or webm (VP9).',
  );
}

/** The reader of this machine. Programs are looked for once, when a clip first needs them. */
export function clipReader(options: ClipReaderOptions = {}): ClipReader {
  const { decoder = 'auto' } = options;
  const programs = { ffmpeg: options.ffmpeg ?? 'ffmpeg', ffprobe: options.ffprobe ?? 'ffprobe' };
  let ffmpegFound: Promise<boolean> | undefined;
  // Probing decodes the whole file, so what it found is kept: a clip is inspected first, and read later.
  const probes = new Map<string, Probed>();

  async function identity(clip: ClipSpan): Promise<string> {
    const path = localPath(clip.file);
    if (path === undefined) return clip.file instanceof Blob ? `${clip.id}:${clip.file.size}` : String(clip.file);
    const { size, mtimeMs } = await checkPresent(clip, path);
    return `${resolve(path)}:${size}:${mtimeMs}`;
  }

  async function probe(clip: ClipSpan, path: string, signal?: AbortSignal): Promise<Probed> {
    const key = await identity(clip);
    const known = probes.get(key);
    if (known) return known;
    const probed = await ffprobe(programs.ffprobe, clip, path, signal);
    if (probes.size < maxProbes) probes.set(key, probed);
    return probed;
  }

  return {
    name: `node-${decoder}`,
    identity,
    async open(clip, signal) {
      const path = localPath(clip.file);
      if (path !== undefined) await checkPresent(clip, path);
      let why = 'only ffmpeg reads such files';
      // What WebCodecs is tried for; the rest goes to ffmpeg at once.
      const webFormat = path === undefined || isWebFormat(path);
      let unknownContainer = false;
      if (decoder === 'webcodecs' || (decoder === 'auto' && webFormat)) {
        const missing = await startWebCodecs();
        why = missing ? `WebCodecs could not be started (${missing})` : why;
        try {
          if (!missing) return await openWebCodecs(clip);
        } catch (error) {
          if (!(error instanceof UnsupportedFileError)) throw error;
          why = error.message;
          unknownContainer = error.part === 'container';
        }
      }
      ffmpegFound ??= hasFfmpeg(programs);
      if (decoder !== 'webcodecs' && path !== undefined && (await ffmpegFound))
        return openFfmpeg(programs.ffmpeg, clip, path, await probe(clip, path, signal));
      if (unknownContainer && webFormat) throw misnamed(clip, why);
      throw noDecoder(clip, why);
    },
  };
}
