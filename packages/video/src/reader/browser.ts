/** The reader of a browser: files that the user chose, and URLs, through mediabunny and the browser's WebCodecs. */
import { ALL_FORMATS, BlobSource, Input, UrlSource } from 'mediabunny';
import type { ClipSpan } from '../dataset/clip.ts';
import { BadClipError, NoDecoderError } from '../dataset/errors.ts';
import type { ClipReader } from './contract.ts';
import { isWebFormat, misnamed, openMediabunny, UnsupportedFileError } from './mediabunny.ts';

/** The name that a file has; a URL's is its path. */
function nameOf({ id, file }: ClipSpan): string {
  if (file instanceof Blob) return (file as Partial<File>).name ?? id;
  return new URL(file, 'file:///').pathname;
}

/** @throws NoDecoderError (when a clip is opened) where the browser has no WebCodecs or cannot decode such files */
export function clipReader(): ClipReader {
  return {
    name: 'webcodecs',
    async identity({ file }) {
      if (!(file instanceof Blob)) return String(file);
      const named = file as Partial<File>;
      return `${named.name ?? 'blob'}:${file.size}:${named.lastModified ?? 0}`;
    },
    async open(clip) {
      if (typeof VideoDecoder === 'undefined')
        throw new NoDecoderError('This browser has no WebCodecs. Use a current Chrome, Edge, Firefox or Safari.');
      if (clip.file instanceof Blob && clip.file.size === 0)
        throw new BadClipError(clip.id, 'empty', 'the file has 0 bytes. Choose another.');
      const source = clip.file instanceof Blob ? new BlobSource(clip.file) : new UrlSource(clip.file);
      try {
        return await openMediabunny(clip, new Input({ source, formats: ALL_FORMATS }));
      } catch (error) {
        if (!(error instanceof UnsupportedFileError)) throw error;
        if (error.part === 'container' && isWebFormat(nameOf(clip))) throw misnamed(clip, error.message);
        throw new NoDecoderError(
          `${clip.id} cannot be read in a browser: ${error.message}. Convert it to mp4 (H.264) or webm (VP9).`,
        );
      }
    },
  };
}
