/** Decoded clips kept in a folder, for later epochs and later runs. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClipStore, StoredClip, StoredHeader } from '../reader/store.ts';

/** File: this, the header's length (uint32, little endian), the header as JSON, the pixels. */
const magic = 'dr2clip1';
const extension = '.clip';

function encodeHeader(header: StoredHeader): Buffer {
  const json = Buffer.from(JSON.stringify({ info: header.info, indices: header.indices, size: header.size }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return Buffer.concat([Buffer.from(magic), length, json]);
}

/** A file that is not whole, or of an older form, is as good as absent: the clip is decoded again. */
async function readStored(path: string): Promise<StoredClip | undefined> {
  const file = await open(path).catch(() => undefined);
  if (!file) return undefined;
  try {
    const start = Buffer.alloc(magic.length + 4);
    await file.read(start, 0, start.length, 0);
    if (start.toString('latin1', 0, magic.length) !== magic) return undefined;
    const json = Buffer.alloc(start.readUInt32LE(magic.length));
    await file.read(json, 0, json.length, start.length);
    const header = JSON.parse(json.toString()) as StoredHeader;
    const offset = start.length + json.length;
    const bytes = header.size.width * header.size.height * 3;
    if ((await file.stat()).size !== offset + bytes * header.indices.length) return undefined;
    return {
      ...header,
      async frames(positions) {
        const out = new Uint8Array(positions.length * bytes);
        const pixels = await open(path);
        try {
          for (const [i, at] of positions.entries()) await pixels.read(out, i * bytes, bytes, offset + at * bytes);
        } finally {
          await pixels.close();
        }
        return out;
      },
    };
  } catch {
    return undefined;
  } finally {
    await file.close();
  }
}

async function folderBytes(folder: string): Promise<number> {
  const files = (await readdir(folder)).filter((name) => name.endsWith(extension));
  const sizes = await Promise.all(files.map((name) => stat(join(folder, name)).then((found) => found.size)));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/**
 * Keeps clips in `folder` (made when needed) until it holds `maxBytes`; delete the folder to empty it. A disk that is
 * full keeps no more clips, and stops nothing; a folder that cannot be made is an error of the first clip.
 */
export function diskStore(folder: string, maxBytes = 20 * 2 ** 30): ClipStore {
  let used: Promise<number> | undefined;
  let full = false;
  const path = (key: string) => join(folder, createHash('sha256').update(key).digest('hex').slice(0, 40) + extension);
  const ready = async () => {
    try {
      await mkdir(folder, { recursive: true });
      return await folderBytes(folder);
    } catch (error) {
      const reason = error instanceof Error ? error.message : error;
      throw new Error(`${folder} cannot hold decoded clips (${reason}). Choose another cache folder, or none.`, {
        cause: error,
      });
    }
  };
  return {
    get: (key) => readStored(path(key)),
    async put(key, header, pixels) {
      used ??= ready();
      const before = await used;
      if (full || before + pixels.length > maxBytes) return;
      const temporary = join(folder, `${randomUUID()}.part`);
      try {
        await writeFile(temporary, Buffer.concat([encodeHeader(header), pixels]));
        await rename(temporary, path(key));
        used = used.then((bytes) => bytes + pixels.length);
      } catch {
        full = true;
        await rm(temporary, { force: true });
      }
    },
  };
}
