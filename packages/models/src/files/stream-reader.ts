/** A {@link ByteReader} over a stream of chunks, such as a response's body. Holds one chunk beside what it hands out. */
import { CheckpointError } from '../errors.ts';
import type { ByteReader } from './model-files.ts';

/**
 * @param what the file, for messages
 * @param stream taken over
 * @param size of the whole file, where it is known
 */
export function streamReader(what: string, stream: ReadableStream<Uint8Array>, size: number | undefined): ByteReader {
  const source = stream.getReader();
  let chunk = new Uint8Array(0);

  const nextChunk = async () => {
    try {
      return await source.read();
    } catch (error) {
      throw new CheckpointError(
        `${what}: the transfer broke off (${error instanceof Error ? error.message : error}). Try again.`,
        {
          cause: error,
        },
      );
    }
  };

  /** Hands the next `bytes` bytes to `take`, piece by piece. */
  const consume = async (bytes: number, take: (piece: Uint8Array, at: number) => void) => {
    for (let done = 0; done < bytes; ) {
      if (chunk.length === 0) {
        const next = await nextChunk();
        if (next.done)
          throw new CheckpointError(
            `${what} ended ${bytes - done} bytes early: the transfer broke off or the file is truncated. Try again.`,
          );
        chunk = next.value as Uint8Array<ArrayBuffer>;
      }
      const piece = chunk.subarray(0, bytes - done);
      take(piece, done);
      chunk = chunk.subarray(piece.length);
      done += piece.length;
    }
  };

  return {
    size,
    read: async (bytes) => {
      const whole = new Uint8Array(bytes);
      await consume(bytes, (piece, at) => whole.set(piece, at));
      return whole;
    },
    skip: (bytes) => consume(bytes, () => {}),
    // A stream that broke off rejects its cancellation with the reading's error, which has been thrown already.
    close: () => source.cancel().catch(() => {}),
  };
}
