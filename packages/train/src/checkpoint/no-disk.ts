/** The browser's counterpart of disk.ts: there are no paths. */
import type { Storage } from './storage.ts';

/** @throws Error always: it says what a page gives instead */
export function diskStorage(folder: string, _name: string): Storage {
  throw new Error(
    `checkpoint.folder is the path ${folder}: a browser writes to no path; give a folder that the user chose (showDirectoryPicker) or navigator.storage.getDirectory().`,
  );
}
