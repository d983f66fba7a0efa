/** Messages of Protocol Buffers in pieces, so that large numbers in them are neither copied nor all at hand at once. */
import { PbfWriter } from 'pbf';

/** Bytes, or so many bytes that are read when their turn comes. */
export type Piece = Uint8Array | { readonly bytes: number; read(): Promise<Uint8Array> };

export const lengthOf = (pieces: readonly Piece[]) =>
  pieces.reduce((sum, piece) => sum + (piece instanceof Uint8Array ? piece.length : piece.bytes), 0);

/** Fields written by the library. */
export function fields(write: (to: PbfWriter) => void): Uint8Array {
  const writer = new PbfWriter();
  write(writer);
  return writer.finish();
}

/** The wire type of what says its length. */
const withLength = 2;

/** A field that is a message, or bytes. */
export function field(number: number, pieces: readonly Piece[]): Piece[] {
  const head = fields((to) => {
    to.writeVarint((number << 3) | withLength);
    to.writeVarint(lengthOf(pieces));
  });
  return [head, ...pieces];
}
