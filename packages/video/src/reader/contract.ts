/** How clips are decoded: one interface, whatever decodes. */
import type { ClipSpan } from '../dataset/clip.ts';

/** Pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** What a decoder says of a clip. Width and height are those of the upright picture with square pixels. */
export interface ClipInfo extends Size {
  /** Frames of the clip (of the part between `start` and `end`); at least 2. */
  readonly frames: number;
  /** Frames a second, on average. */
  readonly fps: number;
}

/** A clip that is ready to be read. */
export interface OpenClip {
  readonly info: ClipInfo;
  /**
   * Decodes frames, scaled to `size` (which may change the aspect ratio).
   * @param indices frames in presentation order, ascending, without repetition, each below `info.frames`
   * @returns bytes [indices.length, height, width, 3], RGB
   * @throws BadClipError where the file cannot be decoded
   */
  read(indices: readonly number[], size: Size, signal?: AbortSignal): Promise<Uint8Array>;
  close(): void;
}

/** What decodes clips: one interface, whatever decodes. */
export interface ClipReader {
  /** Part of a cached clip's key: two readers may give slightly different pixels. */
  readonly name: string;
  /** Part of a cached clip's key: what tells a file from another that had its name before (size and time). */
  identity(clip: ClipSpan): Promise<string>;
  /**
   * @throws BadClipError for a file that is missing, empty, unreadable or truncated, or has one frame;
   * NoDecoderError where nothing on this machine reads such files
   */
  open(clip: ClipSpan, signal?: AbortSignal): Promise<OpenClip>;
}

/** The size with the given short side and the aspect ratio of `of`. */
export function shortSideSize(of: Size, shortSide: number): Size {
  const scale = shortSide / Math.min(of.width, of.height);
  return { width: Math.round(of.width * scale), height: Math.round(of.height * scale) };
}
