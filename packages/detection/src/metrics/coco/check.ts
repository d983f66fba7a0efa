/** Whether JSON is COCO's: the first wrong field is named, with its image and annotation. Masks are checked where they are decoded. */
import { BadAnnotationError } from '../../errors.ts';
import type { CocoDetection, CocoKind, CocoTruths } from './format.ts';

function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

const shown = (value: unknown) => JSON.stringify(value) ?? String(value);

function records(value: unknown, path: string): readonly Record<string, unknown>[] {
  if (!Array.isArray(value)) throw new BadAnnotationError(path, `it is ${kindOf(value)}; COCO has an array here.`);
  for (const [i, entry] of value.entries())
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry))
      throw new BadAnnotationError(`${path}[${i}]`, `it is ${kindOf(entry)}; COCO has an object here.`);
  return value;
}

function checkId(entry: Record<string, unknown>, field: string, path: string): void {
  if (!Number.isSafeInteger(entry[field]))
    throw new BadAnnotationError(`${path}.${field}`, `it is ${shown(entry[field])}; it must be a whole number.`);
}

/** The ids of all entries of a list. @throws BadAnnotationError where one is no whole number, or comes twice */
function uniqueIds(entries: readonly Record<string, unknown>[], path: string): Set<number> {
  const first = new Map<number, number>();
  for (const [i, entry] of entries.entries()) {
    checkId(entry, 'id', `${path}[${i}]`);
    const id = entry.id as number;
    if (first.has(id))
      throw new BadAnnotationError(
        `${path}[${i}]`,
        `its id ${id} is that of ${path}[${first.get(id)}] too; make ids unique.`,
      );
    first.set(id, i);
  }
  return new Set(first.keys());
}

interface Known {
  readonly images: ReadonlySet<number>;
  readonly categories: ReadonlySet<number>;
}

/** Where an entry stands, with its image and its own id. */
const placeOf = (entry: Record<string, unknown>, path: string) =>
  `${path} (image ${shown(entry.image_id)}${'id' in entry ? `, annotation ${shown(entry.id)}` : ''})`;

function checkPlace(entry: Record<string, unknown>, path: string, { images, categories }: Known): void {
  checkId(entry, 'image_id', path);
  checkId(entry, 'category_id', path);
  if (!images.has(entry.image_id as number))
    throw new BadAnnotationError(placeOf(entry, path), `there is no image ${entry.image_id} among the images.`);
  if (!categories.has(entry.category_id as number))
    throw new BadAnnotationError(
      placeOf(entry, path),
      `there is no category ${entry.category_id}; the categories are ${[...categories].join(', ')}.`,
    );
}

function checkBox(entry: Record<string, unknown>, path: string, smallest: 'positive' | 'zero'): void {
  const { bbox } = entry;
  const box = Array.isArray(bbox) ? bbox : [];
  if (box.length !== 4 || !box.every(Number.isFinite))
    throw new BadAnnotationError(
      placeOf(entry, path),
      `bbox is ${shown(bbox)}; it must be [x, y, width, height], finite.`,
    );
  const [, , width, height] = box as [number, number, number, number];
  if (width < 0 || height < 0)
    throw new BadAnnotationError(
      placeOf(entry, path),
      `bbox ${shown(bbox)} is reversed: its width is ${width}, its height ${height}. It must be [x, y, width, height], not corners.`,
    );
  if (smallest === 'positive' && !(width > 0 && height > 0))
    throw new BadAnnotationError(
      placeOf(entry, path),
      `bbox ${shown(bbox)} has no area: no detection can meet it. Remove the annotation.`,
    );
}

/** @throws BadAnnotationError naming the first wrong field */
export function checkTruths(truths: unknown): asserts truths is CocoTruths {
  if (typeof truths !== 'object' || truths === null || Array.isArray(truths))
    throw new BadAnnotationError(
      'annotations file',
      `it is ${kindOf(truths)}; COCO has images, annotations and categories.`,
    );
  const file = truths as Record<string, unknown>;
  const images = uniqueIds(records(file.images, 'images'), 'images');
  const categories = uniqueIds(records(file.categories, 'categories'), 'categories');
  const annotations = records(file.annotations, 'annotations');
  uniqueIds(annotations, 'annotations');
  for (const [i, entry] of annotations.entries()) {
    const path = `annotations[${i}]`;
    checkPlace(entry, path, { images, categories });
    checkBox(entry, path, 'positive');
    const { area, iscrowd = 0 } = entry;
    if (area !== undefined && !(Number.isFinite(area) && (area as number) >= 0))
      throw new BadAnnotationError(placeOf(entry, path), `area is ${shown(area)}; it must be 0 or more.`);
    if (![0, 1, false, true].includes(iscrowd as number | boolean))
      throw new BadAnnotationError(placeOf(entry, path), `iscrowd is ${shown(iscrowd)}; it must be 0 or 1.`);
  }
}

/**
 * A detection without area is allowed, for a network may well predict one: it meets nothing.
 * @throws BadAnnotationError naming the first wrong field
 */
export function checkDetections(
  detections: unknown,
  truths: CocoTruths,
  kind: CocoKind,
): asserts detections is readonly CocoDetection[] {
  const known = {
    images: new Set(truths.images.map(({ id }) => id)),
    categories: new Set(truths.categories.map(({ id }) => id)),
  };
  for (const [i, entry] of records(detections, 'detections').entries()) {
    const path = `detections[${i}]`;
    checkPlace(entry, path, known);
    if (!Number.isFinite(entry.score))
      throw new BadAnnotationError(placeOf(entry, path), `score is ${shown(entry.score)}; it must be a finite number.`);
    if (kind === 'bbox') checkBox(entry, path, 'zero');
  }
}
