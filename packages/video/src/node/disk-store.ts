/** Decoded clips kept in a folder, for later epochs and later runs. */
import { open } from 'node:fs/promises';
import { keptFiles } from '@dr2net/models';
import type { ClipStore, StoredClip, StoredHeader } from '../reader/store.ts';

/** File: this, the header's length (uint32, little endian), the header as JSON, the pixels. */
const magic = 'dr2clip1';

const kind = { extension: '.clip', what: 'decoded clips' } as const;

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

/**
 * Keeps clips in `folder` (made when needed) until it holds `maxBytes`; delete the folder to empty it. A disk that is
 * full keeps no more clips, and stops nothing; a folder that cannot be made is an error of the first clip.
 */
export function diskStore(folder: string, maxBytes = 20 * 2 ** 30): ClipStore {
  const files = keptFiles(folder, { ...kind, maxBytes });
  return {
    get: (key) => readStored(files.path(key)),
    put: (key, header, pixels) => files.put(key, [encodeHeader(header), pixels]),
  };
}
