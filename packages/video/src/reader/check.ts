/** What every reader refuses. */
import type { ClipSpan } from '../dataset/clip.ts';
import { BadClipError } from '../dataset/errors.ts';

/**
 * @param readable frames that can be read, of the whole file
 * @param declared frames that the file says it has, where it does
 */
export function checkComplete(clip: ClipSpan, readable: number, declared: number | undefined): void {
  // Headers of sound files (avi above all) count a few frames too many; a cut file lacks more than that.
  if (declared === undefined || readable >= Math.min(declared - 3, 0.9 * declared)) return;
  throw new BadClipError(
    clip.id,
    'truncated',
    `the file says it has ${declared} frames, but only ${readable} can be read: it is truncated. Copy it again, or remove it.`,
  );
}

/** @param times seconds of each frame of the file, ascending, from 0 */
export function framesWithin(clip: ClipSpan, times: readonly number[]): { first: number; frames: number } {
  const start = clip.start ?? 0;
  const end = clip.end ?? Infinity;
  const first = times.findIndex((time) => time >= start);
  const frames = first < 0 ? 0 : times.filter((time) => time >= start && time < end).length;
  const part = clip.start === undefined && clip.end === undefined ? '' : ` between ${start} and ${end} s`;
  if (frames === 0 && part)
    throw new BadClipError(clip.id, 'empty', `no frame${part}; the file ends at ${times.at(-1) ?? 0} s.`);
  if (frames === 0) throw new BadClipError(clip.id, 'empty', 'the file has no frames.');
  if (frames === 1)
    throw new BadClipError(
      clip.id,
      'one-frame',
      `one frame only${part}: an image shows no action. Use a clip of 2 frames or more.`,
    );
  return { first, frames };
}
