/** COCO's JSON of instances: images, categories, annotations. */
import { BadAnnotationError } from '../errors.ts';
import type { FileEntry } from '../files/files.ts';
import { baseOf, folderOf, stemOf } from '../files/image-index.ts';
import { Admission, type Frame } from './admission.ts';
import { chooseClasses } from './classes.ts';
import { areaAt, boxAt, crowdAt, lengthAt, parseCoco, segmentationAt } from './coco-fields.ts';
import type { DetectionBox, DetectionDataset, DetectionImage } from './contract.ts';
import { byId, inWords, type JsonObject, textAt, wholeAt } from './fields.ts';
import { finishDataset, frameOf, missingImages, type Reading, readText } from './reading.ts';

/** Names by category id, in the order of the ids. */
function categoriesOf(file: JsonObject, path: (field: string) => string): Map<number, string> {
  const names = new Map<string, string>();
  const found = [...byId(file.categories, path('categories'))].sort(([a], [b]) => a - b);
  return new Map(
    found.map(([id, { entry, path: own }]) => {
      const name = textAt(entry.name, `${own}.name`);
      const other = names.get(name);
      if (other !== undefined)
        throw new BadAnnotationError(
          `${own}.name`,
          `it is "${name}", as ${other}.name is. Give each category a name of its own.`,
        );
      names.set(name, own);
      return [id, name];
    }),
  );
}

interface Picture {
  readonly entry: FileEntry;
  readonly frame: Frame;
  readonly boxes: DetectionBox[];
}

/** The images that are there, by COCO's id; undefined for those that are not. */
async function picturesOf(file: JsonObject, path: (field: string) => string, json: string, reading: Reading) {
  const { images, read, options } = reading;
  const split = /(train|val|valid|validation|test)\w*/i.exec(baseOf(stemOf(json)))?.[0];
  const near = [folderOf(json), ...(split === undefined ? [] : [split])].filter((folder) => folder !== '');
  const pictures = new Map<number, Picture | undefined>();
  const missing: string[] = [];
  const owners = new Map<string, string>();
  for (const [id, { entry: image, path: own }] of byId(file.images, path('images'))) {
    options.signal?.throwIfAborted();
    const name = textAt(image.file_name, `${own}.file_name`);
    const [width, height] = [lengthAt(image.width, `${own}.width`), lengthAt(image.height, `${own}.height`)];
    const entry = images.find(name, near);
    if (!entry) {
      missing.push(name);
      pictures.set(id, undefined);
      continue;
    }
    const owner = owners.get(entry.path);
    if (owner !== undefined)
      throw new BadAnnotationError(
        own,
        `its file is ${entry.path}, as that of ${owner} is. Remove one, or rename the file.`,
      );
    owners.set(entry.path, own);
    const frame =
      width === undefined || height === undefined ? await frameOf(entry, read) : { id: entry.path, width, height };
    pictures.set(id, { entry, frame, boxes: [] });
  }
  return { pictures, missing };
}

/** The box of an annotation; undefined where it is left out. */
function boxOf(
  id: number,
  { entry, path }: { readonly entry: JsonObject; readonly path: string },
  frame: Frame,
  categories: ReadonlyMap<number, string>,
  admission: Admission,
): DetectionBox | undefined {
  const named = `(image ${frame.id}, annotation ${id})`;
  const category = wholeAt(entry.category_id, `${path}.category_id`);
  const name = categories.get(category);
  if (name === undefined)
    return admission.refuse(
      frame.id,
      `${path}.category_id ${named}`,
      `it is ${category}, which is no id of a category. Add the category, or remove the annotation.`,
    );
  const { numbers, odd } = boxAt(entry.bbox, `${path}.bbox ${named}`);
  if (odd >= 0)
    return admission.refuse(
      frame.id,
      `${path}.bbox[${odd}] ${named}`,
      `it is ${inWords(numbers[odd])}; it must be a number.`,
    );
  const label = admission.labelOf(name, frame.id, `${path} ${named}`);
  if (label === undefined) return undefined;
  const [x, y, width, height] = numbers as [number, number, number, number];
  const bounds = admission.boundsOf({ x, y, width, height }, frame, `${path}.bbox ${named}`);
  if (!bounds) return undefined;
  const area = areaAt(entry.area, `${path}.area ${named}`);
  const segmentation = segmentationAt(entry.segmentation, `${path}.segmentation`);
  return {
    ...bounds,
    label,
    crowd: crowdAt(entry.iscrowd, `${path}.iscrowd`),
    id,
    ...(area === undefined ? {} : { area }),
    ...(segmentation === undefined ? {} : { segmentation }),
  };
}

/** @throws BadAnnotationError naming the first wrong field; DetectionDatasetError */
export async function readCoco(json: FileEntry, reading: Reading): Promise<DetectionDataset> {
  const { options } = reading;
  const path = (field: string) => `${json.path}: ${field}`;
  const file = parseCoco(await readText(json, reading.read), json.path);
  const categories = categoriesOf(file, path);
  const exclude = options.exclude ?? [];
  const classes = chooseClasses(json.path, [...categories.values()], options.classes, exclude);
  const admission = new Admission(options.onBadBox ?? 'refuse', classes, exclude);
  const { pictures, missing } = await picturesOf(file, path, json.path, reading);
  for (const [id, annotation] of byId(file.annotations, path('annotations'))) {
    const where = `${annotation.path}.image_id`;
    const imageId = wholeAt(annotation.entry.image_id, where);
    if (!pictures.has(imageId))
      throw new BadAnnotationError(where, `it is ${imageId}, which is no id of an image (annotation ${id}).`);
    const picture = pictures.get(imageId);
    const box = picture && boxOf(id, annotation, picture.frame, categories, admission);
    if (box) picture.boxes.push(box);
  }
  const images: DetectionImage[] = [...pictures].flatMap(([imageId, picture]) => {
    if (!picture) return [];
    const { entry, frame, boxes } = picture;
    return [{ id: entry.path, imageId, file: entry.file, width: frame.width, height: frame.height, boxes }];
  });
  const ids = new Map([...categories].map(([id, name]) => [name, id]));
  let free = Math.max(0, ...categories.keys());
  return finishDataset(reading, admission, images, {
    categoryIds: classes.map((name) => ids.get(name) ?? ++free),
    notes: missingImages(missing, reading),
  });
}
