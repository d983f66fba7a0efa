/** Values of a recording: what each was made of, with the sizes that it had. */
import type { TypedArray } from '@tensorflow/tfjs-core';
import { ExportError } from '../errors.ts';
import type { Rule } from '../rules/rule.ts';

const dtypes = ['float32', 'int32', 'bool'] as const;
export type ValueType = (typeof dtypes)[number];

/** @throws ExportError for strings and complex numbers */
export function valueType(dtype: string): ValueType {
  const found = dtypes.find((known) => known === dtype);
  if (!found) throw new ExportError(`A tensor of the type ${dtype} cannot be exported; only ${dtypes.join(', ')} can.`);
  return found;
}

/** Numbers that are part of the network. */
export interface Constant {
  /** A parameter's name, where it is one. */
  readonly name?: string;
  /** What makes two of them the same: the engine's id of the data. */
  readonly key: object;
  /** At hand, where they were made while recording; else they are read from their backend when they are written. */
  readonly values?: TypedArray;
  read(): Promise<TypedArray>;
}

export type Attributes = Readonly<Record<string, unknown>>;

export type Origin =
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'constant'; readonly constant: Constant }
  | {
      readonly kind: 'made';
      readonly rule: Rule;
      /** By the kernel's names; of a list by number. */
      readonly inputs: Readonly<Record<string, Recorded>>;
      readonly attributes: Attributes;
    };

export interface Recorded {
  /** In the order of their making. */
  readonly number: number;
  readonly shape: readonly number[];
  readonly dtype: ValueType;
  readonly origin: Origin;
}
