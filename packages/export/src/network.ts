/** What is exported: a network with its inputs, its outputs, and what a user of the file must know. */
import type { Parameter } from '@dr2net/ops';
import type { Tensor, TypedArray } from '@tensorflow/tfjs-core';

/** One input of an exported network. */
export interface NetworkInput {
  readonly name: string;
  /** Of one sample, the batch stands before it; null for a list, whose length is the example's. */
  readonly shape: readonly number[] | null;
  readonly dtype: 'float32' | 'int32';
  /** What it is, with units and ranges. */
  readonly description: string;
}

/** NetworkNumbers for each input, by name. */
export type NetworkNumbers = Readonly<Record<string, Float32Array | Int32Array>>;

/** What is exported: inputs, outputs, the computation, and what a user of the file must know. */
export interface ExportedNetwork {
  readonly name: string;
  readonly inputs: readonly NetworkInput[];
  /** What the results are, by name, in their order. */
  readonly outputs: Readonly<Record<string, string>>;
  /** Borrowed, and as they are until the file is written. */
  readonly parameters: readonly Parameter[];
  /** What is written into the file besides: coefficients, preprocessing, classes. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Set where sizes that depend on the batch cannot be told from others: the file is for so many samples at a time unless another number is given. */
  readonly batch?: number;
  /** Inputs of some samples, the same for the same seed: to compare the file with. */
  example(batch: number, seed: number): NetworkNumbers;
  /**
   * Runs it without training, keeping nothing; results are owned by the caller.
   * @param inputs borrowed
   * @param lists the inputs that are lists: what takes these very arrays, or parts of them, takes the input in the file
   */
  apply(inputs: Readonly<Record<string, Tensor>>, lists: NetworkNumbers): Record<string, Tensor>;
}

/** The shape of an input of so many samples. */
export function shapeOf({ shape }: NetworkInput, batch: number, numbers: TypedArray | undefined): number[] {
  return shape ? [batch, ...shape] : [numbers?.length ?? 0];
}
