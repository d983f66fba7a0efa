/**
 * The compact form of a cloud: the word below, the header's length (uint32, little endian), the header as JSON, the arrays one
 * after another, each at a multiple of four bytes.
 */
import type { PointCloud } from '../cloud/cloud.ts';

/** Changes when readers give other clouds for the same bytes, too. */
export const storeFormat = 'dr2cloud2';

type Kind = 'Float32Array' | 'Int32Array' | 'Uint8Array';

interface Header {
  readonly id: string;
  readonly count: number;
  readonly origin: PointCloud['origin'];
  readonly notes: readonly string[];
  readonly arrays: readonly { readonly name: string; readonly kind: Kind; readonly length: number }[];
}

const kinds = { Float32Array, Int32Array, Uint8Array };
const padded = (bytes: number) => 4 * Math.ceil(bytes / 4);
const sizeOf = (kind: Kind, length: number) => padded(kinds[kind].BYTES_PER_ELEMENT * length);

function arraysOf(cloud: PointCloud): [string, Float32Array | Int32Array | Uint8Array][] {
  const { positions, colours, intensity, labels, features } = cloud;
  const own = { positions, colours, intensity, labels };
  return [
    ...Object.entries(own).flatMap(([name, values]) => (values ? [[name, values] as const] : [])),
    ...Object.entries(features).map(([name, values]) => [`features.${name}`, values] as const),
  ].map(([name, values]) => [name, values]);
}

/** Bytes that a cloud's arrays take. */
export const cloudBytes = (cloud: PointCloud) =>
  arraysOf(cloud).reduce((sum, [, values]) => sum + values.byteLength, 0);

export function encodeCloud(cloud: PointCloud): Uint8Array {
  const arrays = arraysOf(cloud);
  const header: Header = {
    id: cloud.id,
    count: cloud.count,
    origin: cloud.origin,
    notes: cloud.notes,
    arrays: arrays.map(([name, values]) => ({ name, kind: values.constructor.name as Kind, length: values.length })),
  };
  const json = new TextEncoder().encode(JSON.stringify(header));
  const start = padded(storeFormat.length + 4 + json.length);
  const size = arrays.reduce((sum, [, values]) => sum + padded(values.byteLength), start);
  const bytes = new Uint8Array(size);
  bytes.set(new TextEncoder().encode(storeFormat));
  new DataView(bytes.buffer).setUint32(storeFormat.length, json.length, true);
  bytes.set(json, storeFormat.length + 4);
  let at = start;
  for (const [, values] of arrays) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    at += padded(values.byteLength);
  }
  return bytes;
}

/** @returns undefined for bytes that are not whole, or of an older form */
export function decodeCloud(bytes: Uint8Array): PointCloud | undefined {
  const word = new TextDecoder('latin1').decode(bytes.subarray(0, storeFormat.length));
  if (word !== storeFormat || bytes.length < storeFormat.length + 4) return undefined;
  const json = new DataView(bytes.buffer, bytes.byteOffset).getUint32(storeFormat.length, true);
  let header: Header;
  try {
    header = JSON.parse(
      new TextDecoder().decode(bytes.subarray(storeFormat.length + 4, storeFormat.length + 4 + json)),
    );
  } catch {
    return undefined;
  }
  let at = padded(storeFormat.length + 4 + json);
  const size = header.arrays.reduce((sum, { kind, length }) => sum + sizeOf(kind, length), at);
  if (bytes.length !== size) return undefined;
  const arrays: Record<string, Float32Array | Int32Array | Uint8Array> = {};
  const features: Record<string, Float32Array> = {};
  for (const { name, kind, length } of header.arrays) {
    const values = new kinds[kind](length);
    new Uint8Array(values.buffer).set(bytes.subarray(at, at + values.byteLength));
    at += sizeOf(kind, length);
    if (name.startsWith('features.')) features[name.slice(9)] = values as Float32Array;
    else arrays[name] = values;
  }
  const { id, count, origin, notes } = header;
  return { id, count, origin, notes, ...arrays, features } as unknown as PointCloud;
}
