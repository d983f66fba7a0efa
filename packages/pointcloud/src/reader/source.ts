/** Where a cloud's bytes are, in Node and in the browser alike. */

import { BadCloudError } from '../errors.ts';

/** A path (Node), a URL, or a file that the user chose. */
export type CloudFile = string | URL | Blob;

export interface ByteSource {
  /** What messages call it. */
  readonly id: string;
  /** With its extension, which tells the format. */
  readonly name: string;
  /** SHA-256 of the content, in hexadecimal digits. */
  digest(): Promise<string>;
  bytes(): Promise<Uint8Array>;
  /** The bytes in pieces, so that a long text never has to be in memory whole. */
  stream(): AsyncIterable<Uint8Array>;
}

/** Opens what a platform can open. */
export type OpenSource = (file: CloudFile, id: string) => ByteSource;

const hexadecimal = (bytes: ArrayBuffer) =>
  Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');

async function* pieces(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel();
  }
}

/** A `Blob` or `File`. */
export function blobSource(blob: Blob, id: string): ByteSource {
  return {
    id,
    name: (blob as Partial<File>).name ?? id,
    digest: async () => hexadecimal(await crypto.subtle.digest('SHA-256', await blob.arrayBuffer())),
    bytes: async () => new Uint8Array(await blob.arrayBuffer()),
    stream: () => pieces(blob.stream()),
  };
}

/** A URL; fetched whole at first use, and then kept as the browser's blob. */
export function urlSource(url: URL, id: string): ByteSource {
  let fetched: Promise<ByteSource> | undefined;
  const source = () => {
    fetched ??= (async () => {
      try {
        const response = await fetch(url);
        if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
        return blobSource(await response.blob(), id);
      } catch (error) {
        // The next reading tries again.
        fetched = undefined;
        const reason = error instanceof Error ? error.message : error;
        throw new BadCloudError(id, 'missing', `${url} cannot be fetched (${reason}). Check the address.`, {
          cause: error,
        });
      }
    })();
    return fetched;
  };
  return {
    id,
    name: url.pathname,
    digest: async () => (await source()).digest(),
    bytes: async () => (await source()).bytes(),
    async *stream() {
      yield* (await source()).stream();
    },
  };
}
