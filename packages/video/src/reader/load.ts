/** The frames of one clip: from the store where they are kept, else decoded (and kept). */
import type { ClipSpan } from '../dataset/clip.ts';
import type { Sampling } from '../sampling/sampling.ts';
import type { ClipReader, Size } from './contract.ts';
import { shortSideSize } from './contract.ts';
import { type ClipStore, type StoredClip, storedInMemory } from './store.ts';

/** How large frames are kept: the whole picture at this short side, or squeezed into a square of it. */
export interface StoredSize {
  readonly shortSide: number;
  /** `crop` keeps the aspect ratio; `squash` does not. */
  readonly fit: 'crop' | 'squash';
}

export interface LoadOptions {
  readonly reader: ClipReader;
  readonly store?: ClipStore | undefined;
  readonly sampling: Sampling;
  readonly stored: StoredSize;
}

/**
 * The candidate frames of a clip, decoded at most once where there is a store.
 * @throws BadClipError, NoDecoderError
 */
export async function loadClip(clip: ClipSpan, options: LoadOptions, signal?: AbortSignal): Promise<StoredClip> {
  const { reader, store, sampling, stored } = options;
  const part = `${clip.start ?? 0}-${clip.end ?? ''}`;
  const key = [await reader.identity(clip), part, reader.name, sampling.key, stored.shortSide, stored.fit].join('|');
  const kept = await store?.get(key);
  if (kept) return kept;
  const open = await reader.open(clip, signal);
  try {
    const { info } = open;
    const size: Size =
      stored.fit === 'squash'
        ? { width: stored.shortSide, height: stored.shortSide }
        : shortSideSize(info, stored.shortSide);
    const indices = sampling.candidates(info.frames);
    const pixels = await open.read(indices, size, signal);
    const header = { info, indices, size };
    await store?.put(key, header, pixels);
    return storedInMemory(header, pixels);
  } finally {
    open.close();
  }
}
