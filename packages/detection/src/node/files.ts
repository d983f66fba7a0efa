/** Files of the disk; URLs and blobs as everywhere. */
import { open, readFile as readDisk } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { missingFile, type ReadFile, readBlob, readUrl } from '../files/files.ts';

async function readPath(path: string, id: string, first?: number): Promise<Uint8Array> {
  try {
    if (first === undefined) return new Uint8Array(await readDisk(path));
    const handle = await open(path);
    try {
      const { bytesRead, buffer } = await handle.read(new Uint8Array(first), 0, first, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw missingFile(id, error, 'Check the path.');
  }
}

export const readFile: ReadFile = (file, id, first) => {
  if (file instanceof Blob) return readBlob(file, id, first);
  const address = file instanceof URL ? file : /^https?:/.test(file) ? new URL(file) : undefined;
  if (!address) return readPath(String(file), id, first);
  return address.protocol === 'file:' ? readPath(fileURLToPath(address), id, first) : readUrl(address, id);
};
