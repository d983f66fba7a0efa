/** Numbers of the ONNX format (its IR, version 8; opset 17), by the published specification. */
import type { ValueType } from '../graph/recorded.ts';

/** The version of the format itself, the newest that every runtime of opset 17 reads. */
export const irVersion = 8;
/** LayerNormalization came with it. */
export const opset = 17;

/** TensorProto.DataType */
export const onnxTypes: Readonly<Record<ValueType | 'int64', number>> = { float32: 1, int32: 6, int64: 7, bool: 9 };

/** A number of an attribute is whole unless it is said to be a float. */
export type AttributeValue = number | { readonly float: number } | readonly number[];
export type NodeAttributes = Readonly<Record<string, AttributeValue>>;

export interface OnnxNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: NodeAttributes;
}

/** Numbers that stand in the file. */
export interface Initializer {
  readonly name: string;
  readonly type: number;
  readonly shape: readonly number[];
  readonly bytes: number;
  /** Little-endian, as the format wants it and as the machine has it. */
  read(): Promise<Uint8Array>;
}
