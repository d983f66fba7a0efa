/** Where rules write: operators, and the numbers that they take. */
import { type Dim, isNumber } from '../graph/dim.ts';
import type { Value } from '../graph/graph.ts';
import type { ValueType } from '../graph/recorded.ts';
import { Constants } from './constants.ts';
import { type Initializer, type NodeAttributes, type OnnxNode, onnxTypes } from './types.ts';

/** A size in a list for an operator; −1 is what is left. */
type Size = Dim;

export class Emitter {
  readonly nodes: OnnxNode[] = [];
  readonly #constants = new Constants();
  readonly #multiples = new Map<number, string>();
  #made = 0;

  /** @param first the name of the input whose first axis is the batch */
  constructor(private readonly first: string) {}

  get initializers(): readonly Initializer[] {
    return this.#constants.all;
  }

  /** An operator with one result; gives its name. */
  add(operator: string, inputs: readonly string[], attributes: NodeAttributes = {}): string {
    return this.addAll(operator, inputs, 1, attributes)[0]!;
  }

  /** An operator with several results. */
  addAll(operator: string, inputs: readonly string[], results: number, attributes: NodeAttributes = {}): string[] {
    const outputs = Array.from({ length: results }, () => `v${this.#made++}`);
    this.nodes.push({ operator, inputs, outputs, attributes });
    return outputs;
  }

  /** The result of another operator under a name of one's own. */
  rename(result: string, name: string): void {
    this.nodes.push({ operator: 'Identity', inputs: [result], outputs: [name], attributes: {} });
  }

  ints(values: readonly number[]): string {
    return this.#constants.values(BigInt64Array.from(values, BigInt), onnxTypes.int64, [values.length]);
  }

  scalar(value: number, dtype: ValueType = 'float32'): string {
    const numbers = dtype === 'int32' ? Int32Array.of(value) : Float32Array.of(value);
    return this.#constants.values(numbers, onnxTypes[dtype], []);
  }

  floats(values: Float32Array, shape: readonly number[]): string {
    return this.#constants.values(values, onnxTypes.float32, shape);
  }

  /** Numbers of rows. */
  indices(values: Int32Array): string {
    return this.#constants.values(values, onnxTypes.int32, [values.length]);
  }

  /** A shape for Reshape: of one size that depends on the batch, the operator finds it itself. */
  inferred(shape: readonly Dim[]): string {
    const open = shape.filter((size) => !isNumber(size));
    return this.dims(open.length === 1 ? shape.map((size) => (isNumber(size) ? size : -1)) : shape);
  }

  /** A list of sizes [n], int64. */
  dims(sizes: readonly Size[]): string {
    if (sizes.every(isNumber)) return this.ints(sizes);
    const parts = sizes.map((size) => (isNumber(size) ? this.ints([size]) : this.#multiple(size.perSample)));
    return this.add('Concat', parts, { axis: 0 });
  }

  /** So many times the batch, [1]. */
  #multiple(times: number): string {
    const known = this.#multiples.get(times);
    if (known) return known;
    const name =
      times === 1
        ? this.add('Shape', [this.first], { start: 0, end: 1 })
        : this.add('Mul', [this.#multiple(1), this.ints([times])]);
    this.#multiples.set(times, name);
    return name;
  }

  /** A constant of the graph. */
  constant({ source, shape, dtype }: Value): string {
    if (source.kind !== 'constant') throw new Error('Not a constant.');
    const { constant, samples } = source;
    const own = shape.map((size) => (isNumber(size) ? size : size.perSample));
    const stored = this.#constants.stored(constant, onnxTypes[dtype], own);
    const shaped =
      String(stored.shape) === String(own) ? stored.name : this.add('Reshape', [stored.name, this.ints(own)]);
    if (!samples) return shaped;
    return this.add('Tile', [shaped, this.dims([{ perSample: 1 }, ...own.slice(1).map(() => 1)])]);
  }
}
