/** What a browser can open: files that the user chose, and URLs (relative ones to the page). */
import { blobSource, type OpenSource, urlSource } from './source.ts';

export const openSource: OpenSource = (file, id) =>
  file instanceof Blob ? blobSource(file, id) : urlSource(new URL(file, globalThis.location?.href), id);
