/** Fields of JSON, which errors name by their path: `annotations[12].bbox[2]`. */
import { BadAnnotationError } from '../errors.ts';

export type JsonObject = { readonly [field: string]: unknown };

export function inWords(value: unknown): string {
  if (value === undefined) return 'missing';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null)
    return `an object with ${Object.keys(value).slice(0, 6).join(', ') || 'no fields'}`;
  return JSON.stringify(value);
}

const wrong = (path: string, value: unknown, wanted: string) =>
  new BadAnnotationError(path, `it is ${inWords(value)}; it must be ${wanted}.`);

export function objectAt(value: unknown, path: string, wanted = 'an object'): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(path, value, wanted);
  return value as JsonObject;
}

export function arrayAt(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) throw wrong(path, value, 'an array');
  return value;
}

export function textAt(value: unknown, path: string): string {
  if (typeof value !== 'string' || value === '') throw wrong(path, value, 'a text');
  return value;
}

export function wholeAt(value: unknown, path: string): number {
  if (!Number.isSafeInteger(value)) throw wrong(path, value, 'a whole number');
  return value as number;
}

/** The entries of a list of objects with an `id`, by their ids. @throws BadAnnotationError where one is missing or comes twice */
export function byId(value: unknown, path: string): Map<number, { readonly entry: JsonObject; readonly path: string }> {
  const found = new Map<number, { entry: JsonObject; path: string }>();
  for (const [i, item] of arrayAt(value, path).entries()) {
    const own = `${path}[${i}]`;
    const entry = objectAt(item, own);
    const id = wholeAt(entry.id, `${own}.id`);
    const other = found.get(id);
    if (other) throw new BadAnnotationError(`${own}.id`, `it is ${id}, as ${other.path}.id is. Make the ids unique.`);
    found.set(id, { entry, path: own });
  }
  return found;
}
