/**
 * A TensorFlow graph, written node by node. In a graph an elementwise operation overwrites its operand where nobody else
 * needs it, oneDNN's fused operations can be reached, and one call from JavaScript runs many operations.
 */
import { bytes, type Encoded, float, integer, join, text } from './protobuf.ts';

/** An attribute of an operation: AttrValue of tensorflow/core/framework/attr_value.proto. */
export type Attribute =
  | { readonly type: 'float32' | 'int32' }
  | { readonly int: number }
  | { readonly float: number }
  | { readonly bool: boolean }
  | { readonly strings: readonly string[] };

/** DataType of types.proto. */
const dataTypes = { float32: 1, int32: 3 } as const;

function attribute(value: Attribute): Encoded {
  if ('type' in value) return integer(6, dataTypes[value.type]);
  if ('int' in value) return integer(3, value.int);
  if ('float' in value) return float(4, value.float);
  if ('bool' in value) return integer(5, value.bool ? 1 : 0);
  return bytes(1, ...value.strings.map((item) => text(2, item)));
}

/** An output of a node, by the node's name; with `:1` and so on where it is not the first. */
export type Value = string & { readonly value: unique symbol };

export class Graph {
  readonly #nodes: Encoded[] = [];

  #node(
    name: string,
    operation: string,
    inputs: readonly Value[],
    attributes: readonly (readonly [string, Encoded])[],
  ) {
    const fields = attributes.map(([key, encoded]) => bytes(5, text(1, key), bytes(2, encoded)));
    this.#nodes.push(bytes(1, text(1, name), text(2, operation), ...inputs.map((input) => text(3, input)), ...fields));
    return name as Value;
  }

  /** What is fed, by this name, in a run. */
  input(name: string, type: 'float32' | 'int32' = 'float32'): Value {
    return this.#node(name, 'Placeholder', [], [['dtype', attribute({ type })]]);
  }

  /** The operation `name`, with T = float32 and these attributes. */
  op(name: string, inputs: readonly Value[], attributes: Readonly<Record<string, Attribute>> = {}): Value {
    const all = Object.entries({ T: { type: 'float32' }, ...attributes } as Record<string, Attribute>);
    const encoded = all.map(([key, value]) => [key, attribute(value)] as const);
    return this.#node(`n${this.#nodes.length}`, name, inputs, encoded);
  }

  /** An operation of our own (native/kernels of the repository): its outputs. */
  own(name: string, inputs: readonly Value[], outputs: number): Value[] {
    const node = this.#node(`n${this.#nodes.length}`, name, inputs, []);
    return Array.from({ length: outputs }, (_, i) => `${node}:${i}` as Value);
  }

  #constant(type: 'float32' | 'int32', shape: Encoded, values: Float32Array | Int32Array): Value {
    const content = bytes(4, new Uint8Array(values.buffer as ArrayBuffer));
    const value = bytes(8, integer(1, dataTypes[type]), bytes(2, shape), content);
    return this.#node(
      `n${this.#nodes.length}`,
      'Const',
      [],
      [
        ['dtype', attribute({ type })],
        ['value', value],
      ],
    );
  }

  scalar(value: number): Value {
    return this.#constant('float32', join(), Float32Array.of(value));
  }

  /** An axis. */
  axis(value: number): Value {
    return this.#constant('int32', join(), Int32Array.of(value));
  }

  /** A vector of int32: a shape, axes. */
  integers(...values: number[]): Value {
    return this.#constant('int32', bytes(2, integer(1, values.length)), Int32Array.from(values));
  }

  /** A SavedModel (saved_model.proto) of this graph alone, with the tag `serve`. */
  savedModel(): Encoded {
    const oldestProducer = bytes(4, integer(1, 1087));
    const metaGraph = join(bytes(1, text(4, 'serve')), bytes(2, ...this.#nodes, oldestProducer));
    return join(integer(1, 1), bytes(2, metaGraph));
  }
}
