/** The little of the protobuf wire format that a TensorFlow graph needs (https://protobuf.dev/programming-guides/encoding). */

/** An encoded field or message; messages are their fields one after the other. */
export type Encoded = Uint8Array<ArrayBuffer>;

export function join(...parts: Encoded[]): Encoded {
  const result = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

function varint(value: number): Encoded {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return Uint8Array.from([...bytes, Number(rest)]);
}

/** An int32, int64, bool or enum field. */
export const integer = (field: number, value: number): Encoded => join(varint(field << 3), varint(value));

/** A float field. */
export const float = (field: number, value: number): Encoded =>
  join(varint((field << 3) | 5), new Uint8Array(Float32Array.of(value).buffer));

/** A bytes field, or a message. */
export const bytes = (field: number, ...value: Encoded[]): Encoded => {
  const content = join(...value);
  return join(varint((field << 3) | 2), varint(content.length), content);
};

export const text = (field: number, value: string): Encoded => bytes(field, new TextEncoder().encode(value));
