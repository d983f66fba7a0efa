/** A data set from a list of files, in Node and in the browser alike: which format it has, and its reader. */
import type { FileEntry, ReadFile } from '../files/files.ts';
import { baseOf, ImageIndex, isImageFile, stemOf } from '../files/image-index.ts';
import { readCoco } from './coco.ts';
import type { DetectionDataset } from './contract.ts';
import { DetectionDatasetError, UnknownSplitError } from './errors.ts';
import { fewOf } from './in-words.ts';
import type { DetectionFormat, DetectionReadOptions } from './options.ts';
import type { Reading } from './reading.ts';
import { readVoc } from './voc.ts';
import { readYolo } from './yolo.ts';
import { isClassList, isYoloConfig } from './yolo-config.ts';

/** JSON files that data sets of images carry for other purposes are passed over by their names. */
const isCocoFile = (path: string) =>
  /\.json$/i.test(path) && !/(^|\/)(package|config|captions|person_keypoints)[^/]*\.json$/i.test(path);

/** Which formats the files look like. */
function formatsOf(entries: readonly FileEntry[]): DetectionFormat[] {
  const has = (test: (path: string) => boolean) => entries.some(({ path }) => test(path));
  const images = new Set(entries.filter(({ path }) => isImageFile(path)).map(({ path }) => stemOf(path)));
  const formats: DetectionFormat[] = [];
  if (has((path) => /(^|\/)Annotations\/.*\.xml$/i.test(path) || (/\.xml$/i.test(path) && images.has(stemOf(path)))))
    formats.push('voc');
  if (has((path) => isYoloConfig(path) || isClassList(path) || /(^|\/)labels\/.*\.txt$/i.test(path)))
    formats.push('yolo');
  if (has(isCocoFile)) formats.push('coco');
  return formats;
}

/** The JSON that is meant. */
function cocoFile({ entries, where, options: { split } }: Reading): FileEntry {
  const all = entries.filter(({ path }) => isCocoFile(path));
  const named = split === undefined ? all : all.filter(({ path }) => path.toLowerCase().includes(split.toLowerCase()));
  // `instances_train2017.json` says what it is, beside other files of the same split.
  const instances = named.filter(({ path }) => /instances|coco/i.test(baseOf(path)));
  const found = instances.length > 0 ? instances : named;
  if (found.length === 1) return found[0] as FileEntry;
  const there = fewOf(all.map(({ path }) => path));
  if (found.length === 0)
    throw all.length === 0
      ? new DetectionDatasetError(`${where} has no JSON with annotations.`)
      : new UnknownSplitError(`${where} has no annotations of the split "${split}"; there are ${there}.`);
  throw new DetectionDatasetError(
    `${where} has several files that may be meant: ${fewOf(found.map(({ path }) => path))}. Give the path of one, or a split.`,
  );
}

/**
 * @param where names the data set in messages
 * @param chosen the file of annotations that the user named
 * @throws DetectionDatasetError, BadAnnotationError, BadImageError
 */
export async function openDataset(
  where: string,
  entries: readonly FileEntry[],
  read: ReadFile,
  options: DetectionReadOptions,
  chosen?: FileEntry,
): Promise<DetectionDataset> {
  if (chosen && options.split !== undefined)
    throw new UnknownSplitError(
      `${chosen.path} is one file of annotations, so there is no split "${options.split}" to choose; give the folder, or no split.`,
    );
  const sorted = [...entries].sort((a, b) => (a.path < b.path ? -1 : 1));
  const reading: Reading = { where, entries: sorted, images: new ImageIndex(sorted), read, options };
  const formats = options.format ? [options.format] : chosen ? ['coco' as const] : formatsOf(sorted);
  if (formats.length > 1)
    throw new DetectionDatasetError(`${where} looks like ${formats.join(' and ')}; say which it is (format).`);
  const [format] = formats;
  if (format === 'voc') return readVoc(reading);
  if (format === 'yolo') return readYolo(reading);
  if (format === 'coco') return readCoco(chosen ?? cocoFile(reading), reading);
  throw new DetectionDatasetError(
    `${where} has no annotations. Expected COCO (a .json), Pascal VOC (Annotations/*.xml) or YOLO (labels/*.txt with data.yaml or classes.txt).`,
  );
}
