/** Runs the dr2net command line in a process of its own, as a user would. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type ChildOptions, lastObject, runNode } from './child.ts';

/** Node's flags that make it read the sources: a process that runs from the sources starts its children so too. */
const fromSource = process.execArgv.some((flag) => flag.includes('@dr2net/source'));

/** Node's arguments up to the entry of the command line. @throws when it was not built */
export function dr2netEntry(): string[] {
  const folder = dirname(createRequire(import.meta.url).resolve('dr2net/package.json'));
  if (fromSource) return [...process.execArgv, join(folder, 'src', 'cli.ts')];
  const entry = join(folder, 'dist', 'cli.js');
  if (!existsSync(entry)) throw new Error(`${entry} is missing. Run \`pnpm build\` first.`);
  return [entry];
}

export interface Dr2NetOptions extends ChildOptions {
  /** The entry to run; default {@link dr2netEntry}. */
  readonly entry?: readonly string[];
}

/**
 * Runs `dr2net …args --json`.
 * @returns the object it printed
 * @throws ChildError with its last lines when it fails
 */
export async function dr2net<T>(args: readonly string[], { entry, ...options }: Dr2NetOptions = {}): Promise<T> {
  return lastObject<T>(await runNode([...(entry ?? dr2netEntry()), ...args, '--json'], options));
}
