/** What a kernel of TensorFlow.js gives, and how it is said in ONNX. */
import type { Value } from '../graph/graph.ts';
import type { Attributes, Recorded, ValueType } from '../graph/recorded.ts';
import type { Emitter } from '../onnx/emitter.ts';

export interface Result {
  readonly shape: readonly number[];
  readonly dtype: ValueType;
}

/** A value as it was recorded. */
export interface Made<A> {
  readonly inputs: Readonly<Record<string, Recorded>>;
  readonly attributes: A;
}

/** A value to be written, with the names of its inputs in the file. */
export interface Emitted<A> {
  readonly value: Value;
  readonly inputs: Readonly<Record<string, Value>>;
  readonly names: Readonly<Record<string, string>>;
  readonly attributes: A;
}

export interface Rule<A = Attributes> {
  /** Its name in TensorFlow.js. */
  readonly kernel: string;
  /** The shape and type of the result. */
  infer(inputs: Readonly<Record<string, Recorded>>, attributes: A): Result;
  /** Adds what it is in ONNX; gives the name of the result. */
  emit(emitted: Emitted<A>, to: Emitter): string;
  /** Attributes that say sizes, which the result's shape says too: they may differ from batch to batch. */
  readonly sizes?: readonly string[];
  /** The attributes for every batch, of those at two batches; null where they are two networks. Default: they must be the same but for `sizes`. */
  settle?(a: Made<A>, b: Made<A>): Attributes | null;
  /** Whether the result is the input's numbers under another shape. */
  readonly view?: boolean;
}

/** A rule with its attributes' types forgotten, for a table of them. TensorFlow.js checks its kernels' attributes itself. */
export function rule<A>(typed: Rule<A>): Rule {
  return typed as unknown as Rule;
}

/** The result where it is as the input `x`. */
export const likeX = ({ x }: Readonly<Record<string, Recorded>>): Result => ({ shape: x!.shape, dtype: x!.dtype });
