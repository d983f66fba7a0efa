/** Files of the disk as byte sources; URLs and blobs as everywhere. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { BadCloudError } from '../errors.ts';
import { type ByteSource, blobSource, type OpenSource, urlSource } from '../reader/source.ts';

function missing(id: string, error: unknown): BadCloudError {
  const reason = error instanceof Error ? error.message : error;
  return new BadCloudError(id, 'missing', `the file cannot be opened (${reason}). Check the path.`, { cause: error });
}

async function* pieces(path: string, id: string): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* createReadStream(path, { highWaterMark: 2 ** 20 }) as AsyncIterable<Buffer>;
  } catch (error) {
    if (error instanceof Error && 'code' in error) throw missing(id, error);
    throw error;
  }
}

function fileSource(path: string, id: string): ByteSource {
  return {
    id,
    name: path,
    async digest() {
      const hash = createHash('sha256');
      for await (const piece of pieces(path, id)) hash.update(piece);
      return hash.digest('hex');
    },
    async bytes() {
      try {
        const buffer = await readFile(path);
        return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
      } catch (error) {
        throw missing(id, error);
      }
    },
    stream: () => pieces(path, id),
  };
}

export const openSource: OpenSource = (file, id) => {
  if (file instanceof Blob) return blobSource(file, id);
  const address = file instanceof URL ? file : /^https?:/.test(file) ? new URL(file) : undefined;
  if (!address) return fileSource(String(file), id);
  return address.protocol === 'file:' ? fileSource(fileURLToPath(address), id) : urlSource(address, id);
};
