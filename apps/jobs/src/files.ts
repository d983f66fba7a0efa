/** Result files: JSON written whole or not at all, so that what is there can be trusted after a crash. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Writes through a temporary file beside it; makes the folder. */
export function writeFileWhole(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, content);
  renameSync(temporary, path);
}

/** Indented, a list of numbers on one line (a line break inside brackets is never part of a string). */
export function writeJson(path: string, value: object): void {
  const text = JSON.stringify(value, null, 1).replace(/\[\n[\s\d.,eE+-]*\]/g, (list) => list.replace(/\s+/g, ''));
  writeFileWhole(path, `${text}\n`);
}

/** The object in a file, or undefined where there is no such file. @throws when the file is not JSON */
export function readJson<T extends object>(path: string): T | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T;
  } catch (cause) {
    throw new Error(`${path} is not JSON; remove it to have it made again.`, { cause });
  }
}
