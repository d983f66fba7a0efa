/** What a browser can open: files that the user chose, and URLs (relative ones to the page). */
import { type ReadFile, readBlob, readUrl } from './files.ts';

export const readFile: ReadFile = (file, id, first) =>
  file instanceof Blob ? readBlob(file, id, first) : readUrl(new URL(file, globalThis.location?.href), id);
