/**
 * Pascal VOC: an XML file an image under `Annotations/`, images under `JPEGImages/` (or beside the XML), splits as lists under
 * `ImageSets/Main/`. VOC numbers pixels from 1 and counts both corners in, so [xmin, ymin, xmax, ymax] becomes
 * [xmin − 1, ymin − 1, xmax − xmin + 1, ymax − ymin + 1]; one with xmin = xmax or ymin = ymax (a click, not an object) has no area.
 */
import { parseXml, XmlElement } from '@rgrove/parse-xml';
import { BadAnnotationError } from '../errors.ts';
import type { FileEntry } from '../files/files.ts';
import { baseOf, folderOf, stemOf } from '../files/image-index.ts';
import { Admission, type Frame, numbered } from './admission.ts';
import { chooseClasses } from './classes.ts';
import type { DetectionBox, DetectionDataset } from './contract.ts';
import { DetectionDatasetError } from './errors.ts';
import { finishDataset, frameOf, missingImages, type Reading, readText } from './reading.ts';
import { namesOfList } from './voc-lists.ts';

interface VocFile {
  readonly path: string;
  /** As the XML says. */
  readonly filename: string | undefined;
  readonly width: number | undefined;
  readonly height: number | undefined;
  readonly objects: readonly { readonly name: string; readonly element: XmlElement; readonly where: string }[];
}

const children = (element: XmlElement, name: string) =>
  element.children.filter((child): child is XmlElement => child instanceof XmlElement && child.name === name);
const textOf = (element: XmlElement, name: string) => children(element, name)[0]?.text.trim();

function parse(text: string, path: string): VocFile {
  let root: XmlElement | null;
  try {
    root = parseXml(text).root;
  } catch (error) {
    const detail = error instanceof Error ? error.message.split('\n')[0] : error;
    throw new BadAnnotationError(path, `it is no whole XML (${detail}). Correct or remove the file.`);
  }
  if (root?.name !== 'annotation')
    throw new BadAnnotationError(path, `its root is <${root?.name}>; Pascal VOC has <annotation>.`);
  const size = children(root, 'size')[0];
  // 0 is what some tools write where they did not know.
  const length = (name: string) => Number((size && textOf(size, name)) || 0) || undefined;
  return {
    path,
    filename: textOf(root, 'filename'),
    width: length('width'),
    height: length('height'),
    objects: children(root, 'object').map((element, i) => {
      const name = textOf(element, 'name');
      const where = `${path}: object ${i + 1}`;
      if (!name) throw new BadAnnotationError(where, 'it has no <name>. Add its class, or remove the object.');
      return { name, element, where: `${where} (${name})` };
    }),
  };
}

function boxOf(element: XmlElement, label: number, frame: Frame, where: string, admission: Admission) {
  const corners = children(element, 'bndbox')[0];
  if (!corners) throw new BadAnnotationError(where, 'it has no <bndbox>. Add its box, or remove the object.');
  const [xmin, ymin, xmax, ymax] = ['xmin', 'ymin', 'xmax', 'ymax'].map((name) => {
    const text = textOf(corners, name);
    if (!text) throw new BadAnnotationError(where, `its box has no <${name}>. Add it, or remove the object.`);
    return Number(text);
  }) as [number, number, number, number];
  const size = (least: number, most: number) => (most === least ? 0 : most < least ? most - least : most - least + 1);
  const bounds = admission.boundsOf(
    { x: xmin - 1, y: ymin - 1, width: size(xmin, xmax), height: size(ymin, ymax) },
    frame,
    where,
  );
  if (!bounds) return undefined;
  const flag = (name: string) => textOf(element, name) === '1';
  const box: Omit<DetectionBox, 'id'> = {
    ...bounds,
    label,
    crowd: false,
    ...(flag('difficult') ? { difficult: true } : {}),
    ...(flag('truncated') ? { truncated: true } : {}),
  };
  return box;
}

async function imageOf({ path, filename }: VocFile, { images }: Reading): Promise<FileEntry | undefined> {
  const folder = folderOf(path);
  const near = [folder.replace(/(^|\/)Annotations(?=\/|$)/, '$1JPEGImages'), folder].filter((name) => name !== '');
  // The XML's own name comes first: in copies of data sets <filename> is often another's.
  return images.find(baseOf(stemOf(path)), near) ?? (filename ? images.find(filename, near) : undefined);
}

/**
 * Every XML is read, those of other splits for their classes, so that labels mean the same in all of them.
 * @throws BadAnnotationError naming file and object; DetectionDatasetError
 */
export async function readVoc(reading: Reading): Promise<DetectionDataset> {
  const { entries, read, options, where } = reading;
  const files = new Map<string, VocFile>();
  for (const entry of entries) {
    if (!/\.xml$/i.test(entry.path)) continue;
    options.signal?.throwIfAborted();
    const name = baseOf(stemOf(entry.path));
    const other = files.get(name);
    if (other)
      throw new DetectionDatasetError(
        `${where} has two annotations ${name}.xml: ${other.path} and ${entry.path}. Choose one folder of them.`,
      );
    files.set(name, parse(await readText(entry, read), entry.path));
  }
  const names = [...new Set([...files.values()].flatMap(({ objects }) => objects.map(({ name }) => name)))].sort();
  const exclude = options.exclude ?? [];
  const classes = chooseClasses(where, names, options.classes, exclude);
  const admission = new Admission(options.onBadBox ?? 'refuse', classes, exclude);
  const chosen = options.split === undefined ? [...files.keys()] : await namesOfList(options.split, reading);
  const missing: string[] = [];
  const found: { entry: FileEntry; frame: Frame; boxes: Omit<DetectionBox, 'id'>[] }[] = [];
  for (const name of chosen) {
    const file = files.get(name);
    if (!file)
      throw new DetectionDatasetError(
        `The split "${options.split}" names ${name}, which has no annotation ${name}.xml. Copy it, or remove the line.`,
      );
    const entry = await imageOf(file, reading);
    if (!entry) {
      missing.push(name);
      continue;
    }
    const { width, height } = file;
    const frame =
      width === undefined || height === undefined ? await frameOf(entry, read) : { id: entry.path, width, height };
    const boxes = file.objects.flatMap(({ name: own, element, where: place }) => {
      const label = admission.labelOf(own, frame.id, place);
      return (label === undefined ? undefined : boxOf(element, label, frame, place, admission)) ?? [];
    });
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
  return finishDataset(reading, admission, images, { notes: missingImages(missing, reading) });
}
