/** What the readers of all formats share: the files, the options, and how an image's frame is known. */
import type { FileEntry, ReadFile } from '../files/files.ts';
import type { ImageIndex } from '../files/image-index.ts';
import { readHeader } from '../image/header.ts';
import { uprightSize } from '../image/orient.ts';
import type { Admission, Frame } from './admission.ts';
import type { DetectionDataset, DetectionImage } from './contract.ts';
import { DetectionDatasetError } from './errors.ts';
import { counted, fewOf } from './in-words.ts';
import type { DetectionReadOptions } from './options.ts';

export interface Reading {
  /** Names the data set in messages. */
  readonly where: string;
  readonly entries: readonly FileEntry[];
  readonly images: ImageIndex;
  readonly read: ReadFile;
  readonly options: DetectionReadOptions;
}

const utf8 = new TextDecoder('utf-8');

export async function readText({ path, file }: FileEntry, read: ReadFile): Promise<string> {
  return utf8.decode(await read(file, path));
}

/** The frame of an image whose annotation does not say it: the upright picture's, from the file's header. */
export async function frameOf({ path, file }: FileEntry, read: ReadFile): Promise<Frame> {
  const header = await readHeader(file, path, read);
  return { id: path, ...uprightSize(header, header.orientation) };
}

/**
 * Images that are annotated but not there.
 * @throws DetectionDatasetError unless they are skipped
 * @returns what the notes say of them
 */
export function missingImages(missing: readonly string[], { where, options }: Reading): string[] {
  if (missing.length === 0) return [];
  const found = `${counted(missing.length, 'image of', 'images of')} ${where} ${missing.length === 1 ? 'is' : 'are'} annotated but not there`;
  if (options.onMissingImage === 'skip') return [`${found} and left out: ${fewOf(missing)}.`];
  throw new DetectionDatasetError(
    `${found}: ${fewOf(missing)}. Copy them below the data set's folder, or leave them out (onMissingImage: 'skip').`,
  );
}

/** @throws DetectionDatasetError where nothing is left to learn from */
export function finishDataset(
  { where }: Reading,
  admission: Admission,
  images: readonly DetectionImage[],
  more: { readonly categoryIds?: readonly number[]; readonly notes: readonly string[] },
): DetectionDataset {
  const { classes, dropped } = admission;
  const notes = [...admission.notes(), ...more.notes];
  if (images.length === 0) throw new DetectionDatasetError(`${where} has no image. ${notes.join(' ')}`.trim());
  if (images.every(({ boxes }) => boxes.length === 0))
    throw new DetectionDatasetError(
      `None of the ${images.length} images of ${where} has a box. Check that the annotations belong to these images. ${notes.join(' ')}`.trim(),
    );
  return { classes, categoryIds: more.categoryIds ?? classes.map((_, i) => i + 1), images, dropped, notes };
}
