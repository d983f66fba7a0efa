/**
 * Paths as the person who typed the command meant them. pnpm and npm run a script in its package's folder and leave the
 * folder where the command was typed in INIT_CWD.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

/** An absolute path: relative ones count from where the command was typed. */
export function userPath(path: string): string {
  return resolve(process.env.INIT_CWD ?? process.cwd(), path);
}

/**
 * {@link userPath} of what must be there, told before hours of work and not by each job.
 * @param flag names it in the message
 * @throws when nothing is there
 */
export function existingPath(flag: string, path: string): string {
  const found = userPath(path);
  if (!existsSync(found))
    throw new Error(`${flag} ${path}: there is no ${found}. Give a file or folder that is there.`);
  return found;
}
