/**
 * YOLO text: a file of lines `class cx cy w h` an image, in shares of the image's width and height; lines of more numbers are
 * polygons (`class x y x y x y …`), whose bounds are the box. Labels lie under `labels/` as images do under `images/`, or beside them.
 * An image without a file of labels has no object.
 */
import { BadAnnotationError } from '../errors.ts';
import type { FileEntry } from '../files/files.ts';
import { folderOf, isImageFile, stemOf } from '../files/image-index.ts';
import { Admission, type Frame, numbered } from './admission.ts';
import { chooseClasses } from './classes.ts';
import type { DetectionBox, DetectionDataset } from './contract.ts';
import { DetectionDatasetError, UnknownSplitError } from './errors.ts';
import { counted, fewOf } from './in-words.ts';
import { finishDataset, frameOf, type Reading, readText } from './reading.ts';
import { yoloConfig } from './yolo-config.ts';

type Row = Omit<DetectionBox, 'id'>;

/** Where the labels of an image may be. */
export function labelPaths(image: string): string[] {
  const stem = stemOf(image);
  const at = `/${stem}`.lastIndexOf('/images/');
  const apart = at < 0 ? [] : [`${stem.slice(0, at)}labels/${stem.slice(at + 'images/'.length)}.txt`];
  return [...apart, `${stem}.txt`];
}

function boxOf(
  line: string,
  frame: Frame,
  where: string,
  names: readonly string[],
  admission: Admission,
): Row | undefined {
  const numbers = line.split(/\s+/).map(Number);
  const [number = Number.NaN, ...shares] = numbers;
  if (shares.length !== 4 && (shares.length < 6 || shares.length % 2 !== 0))
    throw new BadAnnotationError(
      where,
      `it has ${numbers.length} numbers; a box has 5 (class cx cy w h), a polygon 7 or more (class x y x y x y …).`,
    );
  const name = names[number];
  if (name === undefined)
    return admission.refuse(
      frame.id,
      where,
      `its class is ${line.split(/\s+/)[0]}; there are 0 … ${names.length - 1} (${fewOf(names, 12)}).`,
    );
  const label = admission.labelOf(name, frame.id, where);
  if (label === undefined) return undefined;
  if (shares.some((share) => Math.abs(share) > 3))
    return admission.refuse(
      frame.id,
      where,
      `it has the numbers ${fewOf(shares.map(String))}, which are no shares of the image. Divide pixels by width and height.`,
    );
  const points = shares.map((share, i) => share * (i % 2 === 0 ? frame.width : frame.height));
  const polygon = shares.length > 4;
  const [xs, ys] = [0, 1].map((axis) => points.filter((_, i) => i % 2 === axis)) as [number[], number[]];
  const [cx, cy, w, h] = points as [number, number, number, number];
  const bounds = polygon
    ? {
        x: Math.min(...xs),
        y: Math.min(...ys),
        width: Math.max(...xs) - Math.min(...xs),
        height: Math.max(...ys) - Math.min(...ys),
      }
    : { x: cx - w / 2, y: cy - h / 2, width: w, height: h };
  const within = admission.boundsOf(bounds, frame, where);
  return within && { ...within, label, crowd: false, ...(polygon ? { segmentation: [points] } : {}) };
}

/** The images of a split: those below its folders, or in its lists. */
async function imagesOf(
  splits: ReadonlyMap<string, readonly string[]>,
  { entries, images, options, where, read }: Reading,
): Promise<FileEntry[]> {
  const all = entries.filter(({ path }) => isImageFile(path));
  const { split } = options;
  if (split === undefined) return all;
  const chosen: FileEntry[] = [];
  for (const folder of splits.get(split) ?? [split]) {
    const list = entries.find(({ path }) => path === folder && /\.txt$/i.test(path));
    if (list) {
      const lines = (await readText(list, read)).split(/\r?\n/).map((line) => line.trim());
      for (const line of lines.filter((text) => text !== '')) {
        const found = images.find(line, []);
        if (!found)
          throw new DetectionDatasetError(
            `${list.path} names ${line}, which is not there. Copy it, or remove the line.`,
          );
        chosen.push(found);
      }
      continue;
    }
    chosen.push(...all.filter(({ path }) => `/${folderOf(path)}/`.includes(`/${folder}/`)));
  }
  if (chosen.length === 0) {
    const folders = [...new Set(all.map(({ path }) => folderOf(path)))];
    throw new UnknownSplitError(
      `${where} has no images of the split "${split}" (${fewOf(splits.get(split) ?? [split])}); there are images in ${fewOf(folders)}.`,
    );
  }
  return chosen;
}

/** @throws BadAnnotationError naming file and line; DetectionDatasetError */
export async function readYolo(reading: Reading): Promise<DetectionDataset> {
  const { entries, read, options, where } = reading;
  const config = await yoloConfig(reading);
  const names = config.names ?? options.classes;
  if (!names)
    throw new DetectionDatasetError(
      `${where} has neither data.yaml nor classes.txt, which say what its class numbers mean. Write one, or give the names (classes: […]).`,
    );
  const exclude = options.exclude ?? [];
  const admission = new Admission(
    options.onBadBox ?? 'refuse',
    chooseClasses(where, names, options.classes, exclude),
    exclude,
  );
  const labels = new Map(entries.filter(({ path }) => /\.txt$/i.test(path)).map((entry) => [entry.path, entry]));
  const found: { entry: FileEntry; frame: Frame; boxes: Row[] }[] = [];
  let without = 0;
  for (const entry of await imagesOf(config.splits, reading)) {
    options.signal?.throwIfAborted();
    const frame = await frameOf(entry, read);
    const file = labelPaths(entry.path)
      .map((path) => labels.get(path))
      .find((label) => label !== undefined);
    if (!file) without++;
    const lines = file ? (await readText(file, read)).split(/\r?\n/) : [];
    const boxes = lines.flatMap((line, i) =>
      line.trim() === ''
        ? []
        : (boxOf(line.trim(), frame, `${file?.path}: line ${i + 1} (image ${frame.id})`, names, admission) ?? []),
    );
    found.push({ entry, frame, boxes });
  }
  const boxes = numbered(found.map((image) => image.boxes));
  const images = found.map(({ entry, frame }, i) => ({
    id: entry.path,
    imageId: i + 1,
    file: entry.file,
    width: frame.width,
    height: frame.height,
    boxes: boxes[i] ?? [],
  }));
  const notes =
    without > 0
      ? [
          `${counted(without, 'image has no file of labels and counts', 'images have no file of labels and count')} as empty.`,
        ]
      : [];
  return finishDataset(reading, admission, images, { notes });
}
