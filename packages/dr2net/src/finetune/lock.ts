/**
 * One run a folder: a file with the number of the process that writes there. What a killed process left is taken over,
 * and so is what another machine left: whether it still runs cannot be told from here, and a run that was moved must go on.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { UsageError } from '../errors.ts';

export const lockName = '.lock';

export interface FolderLock {
  release(): void;
}

/** Folders of this process: in a container a new process often has the number of the one that was killed. */
const held = new Set<string>();

/** @throws UsageError when another process of this machine has the folder */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const path = resolve(folder, lockName);
  const own = `${process.pid} ${hostname()}`;
  const take = () => writeFileSync(path, own, { flag: 'wx' });
  try {
    take();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const [pid, host] = readFileSync(path, 'utf8').split(' ');
    const another = Number(pid) === process.pid ? held.has(path) : isAlive(Number(pid));
    if (host === hostname() && another)
      throw new UsageError(
        `--out ${folder} is in use by process ${pid}. Give another folder, or wait; if that process is no dr2net, remove ${path}.`,
      );
    rmSync(path, { force: true });
    take();
  }
  held.add(path);
  return {
    release() {
      held.delete(path);
      rmSync(path, { force: true });
    },
  };
}

function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Of another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
