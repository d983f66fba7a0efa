/** Writes a project whole or not at all. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { InterruptedError } from '../errors.ts';
import { type Again, requireEmpty, unwritable } from './folder.ts';
import type { ProjectFile } from './project.ts';

const signals = ['SIGINT', 'SIGTERM'] as const;

/** Takes back what was written: the topmost folder that was made, or what lies in a folder that was there before. */
function takeBack(folder: string, made: string | undefined, files: readonly ProjectFile[]): void {
  // A folder that was there was empty, so what lies in it under these names is ours.
  const tops = new Set(files.map(({ path }) => join(folder, path.split('/')[0] as string)));
  for (const path of made === undefined ? tops : [made]) rmSync(path, { recursive: true, force: true });
}

/**
 * @param again the command with another folder, for the remedy
 * @throws UsageError where the folder holds something or cannot be written
 * @throws InterruptedError after Ctrl-C; nothing is left
 */
export async function writeProject(folder: string, files: readonly ProjectFile[], again: Again): Promise<void> {
  let stopped = false;
  const stop = () => {
    stopped = true;
  };
  requireEmpty(folder, again);
  for (const signal of signals) process.on(signal, stop);
  let made: string | undefined;
  try {
    made = mkdirSync(folder, { recursive: true });
    for (const { path, content } of files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
      // Lets a signal in.
      await new Promise((next) => setImmediate(next));
      if (stopped) throw new InterruptedError('Stopped; nothing is left of the project.');
    }
  } catch (cause) {
    takeBack(folder, made, files);
    if (cause instanceof InterruptedError) throw cause;
    throw unwritable(folder, again, cause);
  } finally {
    for (const signal of signals) process.off(signal, stop);
  }
}
