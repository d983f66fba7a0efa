/**
 * Decoded clips kept for later epochs: the candidate frames of a clip, a little larger than the crop. What is kept is
 * what the decoder gave, so a warm store changes no result.
 */
import type { ClipInfo, Size } from './contract.ts';

/** What is known of a stored clip without its pixels. */
export interface StoredHeader {
  readonly info: ClipInfo;
  /** The frames that are stored, ascending. */
  readonly indices: readonly number[];
  readonly size: Size;
}

/** A stored clip; pixels are read when asked for. */
export interface StoredClip extends StoredHeader {
  /** @param positions into `indices`; returns bytes [positions.length, height, width, 3] */
  frames(positions: readonly number[]): Promise<Uint8Array>;
}

/** Where decoded clips are kept for later epochs. */
export interface ClipStore {
  get(key: string): Promise<StoredClip | undefined>;
  /** Keeps a clip, unless the store is full. */
  put(key: string, header: StoredHeader, pixels: Uint8Array): Promise<void>;
}

/** A stored clip over pixels in memory. */
export function storedInMemory(header: StoredHeader, pixels: Uint8Array): StoredClip {
  const bytes = header.size.width * header.size.height * 3;
  return {
    ...header,
    async frames(positions) {
      const out = new Uint8Array(positions.length * bytes);
      for (const [i, at] of positions.entries()) out.set(pixels.subarray(at * bytes, (at + 1) * bytes), i * bytes);
      return out;
    },
  };
}

/**
 * Keeps clips in memory until `maxBytes` are used; later clips are decoded again each time. (Nothing is evicted: an
 * epoch visits every clip once, and evicting the oldest would then never hit.)
 */
export function memoryStore(maxBytes = 2 ** 29): ClipStore {
  const clips = new Map<string, StoredClip>();
  let used = 0;
  return {
    get: async (key) => clips.get(key),
    async put(key, header, pixels) {
      if (clips.has(key) || used + pixels.length > maxBytes) return;
      used += pixels.length;
      clips.set(key, storedInMemory(header, pixels));
    },
  };
}
