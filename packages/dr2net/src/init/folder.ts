/** Where a project may be made, and what it is called: all of it known before anything is written. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { UsageError } from '../errors.ts';

const longest = 214;

/** Names that npm installs under another package's, or refuses whatever their letters. */
const taken = new Set([...builtinModules, 'node_modules', 'favicon.ico', 'dr2net', 'vite', 'typescript']);

/** The nearest name that npm takes. */
function nearestAllowed(name: string): string {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9._~-]+/g, '-')
    .replace(/^[^a-z0-9]+|-+$/g, '')
    .slice(0, longest);
  return plain === '' || taken.has(plain) ? `my-${plain === '' ? 'project' : plain.replaceAll('/', '-')}` : plain;
}

/** The command with another folder. */
export type Again = (folder: string) => string;

/**
 * The name of the package that is made in a folder: the folder's own.
 * @param again for the remedy
 * @throws UsageError where npm would refuse it
 */
export function packageName(folder: string, again: Again): string {
  if (folder.trim() === '') throw new UsageError(`the folder's name is empty. Give one: ${again('my-project')}`);
  const name = basename(resolve(folder));
  const allowed = /^[a-z0-9][a-z0-9._~-]*$/.test(name) && name.length <= longest;
  if (allowed && !taken.has(name)) return name;
  const reason = allowed
    ? `is the name of a package or module that a project cannot have`
    : `is no name that npm takes for a package (lower-case letters, digits, "-", "." and "_", at most ${longest}; the first a letter or digit)`;
  throw new UsageError(
    `the folder's name "${name}" ${reason}. Give another: ${again(join(dirname(folder), nearestAllowed(name)))}`,
  );
}

export function unwritable(folder: string, again: Again, cause: unknown): UsageError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new UsageError(
    `${folder} cannot be written: ${reason}. Give a folder that you may write to: ${again('FOLDER')}`,
    { cause },
  );
}

/** What a folder holds; nothing where there is none yet. */
function entriesOf(folder: string, again: Again): string[] {
  try {
    const found = statSync(folder, { throwIfNoEntry: false });
    if (found && !found.isDirectory())
      throw new UsageError(`${folder} is a file. Give a new or empty folder: ${again(nextTo(folder))}`);
    return found ? readdirSync(folder) : [];
  } catch (cause) {
    throw cause instanceof UsageError ? cause : unwritable(folder, again, cause);
  }
}

/** A name beside it that is not there yet. */
function nextTo(folder: string): string {
  const parent = dirname(folder);
  const name = nearestAllowed(basename(resolve(folder)));
  for (let i = 2; ; i++) {
    const path = join(parent, `${name}-${i}`);
    if (!existsSync(path)) return path;
  }
}

/**
 * @param again for the remedy
 * @throws UsageError where a project cannot be written into the folder: a file, or something in it
 */
export function requireEmpty(folder: string, again: Again): void {
  const entries = entriesOf(folder, again);
  if (entries.length === 0) return;
  const named = entries.slice(0, 3).join(', ');
  const more = entries.length > 3 ? ` and ${entries.length - 3} more` : '';
  throw new UsageError(
    `${folder} is not empty (${named}${more}). Give a new or empty folder: ${again(nextTo(folder))}`,
  );
}
