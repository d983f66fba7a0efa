/** The numbers of a graph, each once: parameters by their data, others by their values. */
import type { TypedArray } from '@tensorflow/tfjs-core';
import type { Constant } from '../graph/recorded.ts';
import type { Initializer } from './types.ts';

/** Numbers as bytes: of int64 for lists of sizes. */
export type Numbers = TypedArray | BigInt64Array;

export const bytesOf = ({ buffer, byteOffset, byteLength }: Numbers) => new Uint8Array(buffer, byteOffset, byteLength);

const equal = (a: Uint8Array, b: Uint8Array) => a.every((byte, i) => byte === b[i]);

export class Constants {
  readonly all: Initializer[] = [];
  readonly #byKey = new Map<object, Initializer>();
  readonly #byValues = new Map<string, { readonly bytes: Uint8Array; readonly name: string }[]>();
  readonly #names = new Set<string>();

  #name(wanted: string): string {
    let name = wanted;
    for (let i = 2; this.#names.has(name); i++) name = `${wanted}_${i}`;
    this.#names.add(name);
    return name;
  }

  /** Numbers that are at hand. */
  values(numbers: Numbers, type: number, shape: readonly number[]): string {
    const bytes = bytesOf(numbers);
    const kind = `${type} ${shape} ${bytes.subarray(0, 64).join()}`;
    const alike = this.#byValues.get(kind) ?? [];
    const known = alike.find((other) => equal(other.bytes, bytes));
    if (known) return known.name;
    const name = this.#name('constant');
    this.#byValues.set(kind, [...alike, { bytes, name }]);
    this.all.push({ name, type, shape, bytes: bytes.length, read: async () => bytes });
    return name;
  }

  /**
   * Numbers that are read when they are written.
   * @returns the name, and the shape that they stand there with
   */
  stored(constant: Constant, type: number, shape: readonly number[]): Pick<Initializer, 'name' | 'shape'> {
    if (constant.values) return { name: this.values(constant.values, type, shape), shape };
    const known = this.#byKey.get(constant.key);
    if (known) return known;
    const initializer: Initializer = {
      ...{ name: this.#name(constant.name ?? 'constant'), type, shape },
      bytes: shape.reduce((product, side) => product * side, type === 9 ? 1 : 4),
      read: async () => bytesOf(await constant.read()),
    };
    this.#byKey.set(constant.key, initializer);
    this.all.push(initializer);
    return initializer;
  }
}
