/** Where an export goes: a path that is written whole or not at all. */
import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { UsageError } from '../errors.ts';

/** @throws UsageError for another extension, and for a file that is there */
export async function checkTarget(out: string, extension: string, force: boolean): Promise<void> {
  if (extname(out) !== extension)
    throw new UsageError(
      `--out ${out} does not end in ${extension}, as such files do. Give a file, such as model${extension}.`,
    );
  const there = await stat(out).catch(() => undefined);
  if (there?.isDirectory())
    throw new UsageError(`--out ${out} is a folder. Give a file in it: ${join(out, `model${extension}`)}.`);
  if (there && !force)
    throw new UsageError(`--out ${out} is there already. Give --force to write over it, or another path.`);
}

/**
 * Writes beside the path, and gives the file its name once `check` has seen it; else nothing is left.
 * @throws UsageError where nothing can be written, and what `check` throws
 */
export async function writeChecked(
  out: string,
  chunks: AsyncIterable<Uint8Array>,
  check: (path: string) => Promise<void>,
): Promise<void> {
  const folder = dirname(out);
  const temporary = join(folder, `.${randomUUID()}.tmp`);
  const opened = await mkdir(folder, { recursive: true })
    .then(() => open(temporary, 'w'))
    .catch((cause: Error) => {
      throw new UsageError(`--out ${out} cannot be written: ${cause.message}.`, { cause });
    });
  try {
    try {
      for await (const chunk of chunks) await opened.writeFile(chunk);
      await opened.sync();
    } finally {
      await opened.close();
    }
    await check(temporary);
    await rename(temporary, out);
  } finally {
    await rm(temporary, { force: true });
  }
}
