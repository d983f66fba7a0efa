/** The reader of a browser: files that the user chose, and URLs, through mediabunny and the browser's WebCodecs. */
import { ALL_FORMATS, BlobSource, Input, UrlSource } from 'mediabunny';
import { NoDecoderError } from '../dataset/errors.ts';
import type { ClipReader } from './contract.ts';
import { openMediabunny, UnsupportedFileError } from './mediabunny.ts';

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
      const source = clip.file instanceof Blob ? new BlobSource(clip.file) : new UrlSource(clip.file);
      try {
        return await openMediabunny(clip, new Input({ source, formats: ALL_FORMATS }));
      } catch (error) {
        if (!(error instanceof UnsupportedFileError)) throw error;
        throw new NoDecoderError(
          `${clip.id} cannot be read in a browser: ${error.message}. Convert it to mp4 (H.264) or webm (VP9).`,
        );
      }
    },
  };
}
