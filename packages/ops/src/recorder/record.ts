/**
 * Ops on a backend that writes down what a network does instead of doing it (`@dr2net/export` registers it): what is one operation in an
 * exchange format is one kernel there, not the ordinary operations that the op is composed of. Forward only.
 */
import { engine, type NamedAttrMap, type NamedTensorMap, type Tensor } from '@tensorflow/tfjs-core';
import type { CompressedRows } from '../row-map/map.ts';

/** The name of the backend, as `tf.getBackend()` gives it. */
export const recorderBackend = 'dr2net-recorder';

/** The kernels that the backend knows besides TensorFlow.js's own: inputs by name, and attributes. Each gives one tensor. */
export interface RecordedKernels {
  /** x [..., in]·weight [in, out] + bias [out] */
  Dr2netLinear: { inputs: { x: Tensor; weight: Tensor; bias?: Tensor }; attrs: Record<string, never> };
  /** x [..., C] over the last axis, gain and bias [C] */
  Dr2netLayerNorm: { inputs: { x: Tensor; gain: Tensor; bias: Tensor }; attrs: { epsilon: number } };
  /** The exact (erf) GELU of x */
  Dr2netGelu: { inputs: { x: Tensor }; attrs: Record<string, never> };
  /** qkv [B, N, 3C] → [B, N, C]; scale: of the scores */
  Dr2netAttention: { inputs: { qkv: Tensor }; attrs: { heads: number; scale: number } };
  /** qkv [windows, N, 3C], bias [heads, N, N], mask [windows, N, N] → [windows, N, C] */
  Dr2netWindowAttention: {
    inputs: { qkv: Tensor; bias: Tensor; mask?: Tensor };
    attrs: { heads: number; scale: number };
  };
  /** x [from, C] → [map.rows, C]; `map` is the object that the caller gave, not a copy */
  Dr2netMapRows: { inputs: { x: Tensor }; attrs: { map: CompressedRows } };
}

/** Runs one of the recorder's kernels. */
export function record<Name extends keyof RecordedKernels>(
  kernel: Name,
  inputs: RecordedKernels[Name]['inputs'],
  attrs: RecordedKernels[Name]['attrs'],
): Tensor {
  const given = Object.fromEntries(Object.entries(inputs).filter(([, tensor]) => tensor !== undefined));
  return engine().runKernel(kernel, given as NamedTensorMap, attrs as unknown as NamedAttrMap);
}

/** What stands where an op would keep something for a gradient. */
export function forwardOnly(op: string): never {
  throw new Error(
    `${op}: nothing is trained on the backend ${recorderBackend}, which only records; choose another by tf.setBackend().`,
  );
}
