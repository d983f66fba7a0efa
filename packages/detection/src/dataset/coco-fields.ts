/** Fields of COCO's JSON, with the path of what is wrong. */
import { BadAnnotationError } from '../errors.ts';
import type { CocoSegmentation } from '../metrics/coco/format.ts';
import { arrayAt, inWords, type JsonObject, objectAt, wholeAt } from './fields.ts';

/** The file as an object. @throws BadAnnotationError where it is no JSON, or JSON of another kind */
export function parseCoco(text: string, name: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new BadAnnotationError(
      name,
      /\bNaN\b|Infinity/.test(text)
        ? `it is no JSON (${detail}): it holds NaN or Infinity, which JSON has not. Remove these annotations.`
        : `it is no JSON (${detail}). Is the file whole?`,
    );
  }
  const results = Array.isArray(value) && typeof value[0] === 'object' && value[0] !== null && 'score' in value[0];
  if (results)
    throw new BadAnnotationError(
      name,
      'it is a list of results; give the annotations (images, annotations, categories).',
    );
  return objectAt(value, name, 'an object with images, annotations and categories');
}

/** A length in pixels; undefined where it is not said (missing, or 0 as some tools write). */
export function lengthAt(value: unknown, path: string): number | undefined {
  if (value === undefined || value === null || value === 0) return undefined;
  const length = wholeAt(value, path);
  if (length < 0) throw new BadAnnotationError(path, `it is ${length}; it must be above 0.`);
  return length;
}

/** 0 or 1; missing is 0. */
export function crowdAt(value: unknown, path: string): boolean {
  if (value === undefined || value === 0 || value === false) return false;
  if (value === 1 || value === true) return true;
  throw new BadAnnotationError(path, `it is ${inWords(value)}; it must be 0 or 1.`);
}

/** Polygons or runs; undefined where there is none. Whether they fit the image is seen where masks are decoded. */
export function segmentationAt(value: unknown, path: string): CocoSegmentation | undefined {
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value)) {
    for (const [i, polygon] of value.entries()) {
      const points = arrayAt(polygon, `${path}[${i}]`);
      const odd = points.findIndex((point) => !Number.isFinite(point));
      if (odd >= 0)
        throw new BadAnnotationError(`${path}[${i}][${odd}]`, `it is ${inWords(points[odd])}; it must be a number.`);
    }
    return value.length === 0 ? undefined : (value as number[][]);
  }
  const runs = objectAt(value, path, 'polygons, or runs with size and counts');
  const size = arrayAt(runs.size, `${path}.size`);
  const [height, width] = [wholeAt(size[0], `${path}.size[0]`), wholeAt(size[1], `${path}.size[1]`)];
  const { counts } = runs;
  if (typeof counts === 'string') return { size: [height, width], counts };
  return {
    size: [height, width],
    counts: arrayAt(counts, `${path}.counts`).map((run, i) => wholeAt(run, `${path}.counts[${i}]`)),
  };
}

/** [x, y, width, height]; the place of the first that is no number is the caller's to judge. */
export function boxAt(value: unknown, path: string): { readonly numbers: readonly number[]; readonly odd: number } {
  const numbers = arrayAt(value, path);
  if (numbers.length !== 4)
    throw new BadAnnotationError(path, `it has ${numbers.length} numbers; it must be [x, y, width, height].`);
  return { numbers: numbers as readonly number[], odd: numbers.findIndex((number) => !Number.isFinite(number)) };
}

/** In square pixels; undefined where it is not said. */
export function areaAt(value: unknown, path: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (!(Number.isFinite(value) && (value as number) >= 0))
    throw new BadAnnotationError(path, `it is ${inWords(value)}; it must be a number, 0 or more.`);
  return value as number;
}
