/** Finds images by what annotations call them. */
import { DetectionDatasetError } from '../dataset/errors.ts';
import { fewOf } from '../dataset/in-words.ts';
import type { FileEntry } from './files.ts';

const imageName = /\.(jpe?g|png|webp)$/i;
export const isImageFile = (path: string): boolean => imageName.test(path);

export const folderOf = (path: string): string => path.split('/').slice(0, -1).join('/');
export const baseOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
/** Without the extension. */
export const stemOf = (path: string): string => path.replace(/\.[^./]*$/, '');

export class ImageIndex {
  readonly #byName = new Map<string, FileEntry[]>();

  constructor(entries: readonly FileEntry[]) {
    for (const entry of entries) {
      if (!isImageFile(entry.path)) continue;
      // A file is found with its extension, and without.
      for (const name of [baseOf(entry.path), baseOf(stemOf(entry.path))])
        this.#byName.set(name, [...(this.#byName.get(name) ?? []), entry]);
    }
  }

  /**
   * The image that an annotation calls `name`: the one whose path ends so, else (the path is another machine's) the one
   * of that name.
   * @param near folders, the most likely first, that decide between several
   * @throws DetectionDatasetError where several are as likely
   */
  find(name: string, near: readonly string[]): FileEntry | undefined {
    const path = name.replaceAll('\\', '/').replace(/^(\.{0,2}\/)+/, '');
    const named = this.#byName.get(baseOf(path)) ?? [];
    const ends = (entry: FileEntry) => [entry.path, stemOf(entry.path)].some((own) => `/${own}`.endsWith(`/${path}`));
    const exact = named.filter(ends);
    const found = exact.length > 0 ? exact : named;
    if (found.length <= 1) return found[0];
    for (const folder of near) {
      const within = found.filter((entry) => `/${folderOf(entry.path)}/`.includes(`/${folder}/`));
      if (within.length === 1) return within[0];
    }
    const whole = found.filter((entry) => entry.path === path || stemOf(entry.path) === path);
    if (whole.length === 1) return whole[0];
    throw new DetectionDatasetError(
      `"${name}" may be ${fewOf(found.map((entry) => entry.path))}. Keep only one of them below the data set's folder.`,
    );
  }
}
