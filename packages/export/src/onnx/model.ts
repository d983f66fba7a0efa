/** An ONNX file of a graph, by the field numbers of the published specification. */
import { ExportError } from '../errors.ts';
import { type Dim, isNumber } from '../graph/dim.ts';
import type { Graph, Value } from '../graph/graph.ts';
import { Emitter } from './emitter.ts';
import { field, fields, lengthOf, type Piece } from './message.ts';
import { type AttributeValue, type Initializer, irVersion, type OnnxNode, onnxTypes, opset } from './types.ts';

export interface ModelWords {
  readonly name: string;
  readonly description: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** What an input or output is. */
  readonly describe: Readonly<Record<string, string>>;
}

/** A message of Protocol Buffers, and so the file, is at most so long. */
const most = 2 ** 31 - 1;

/** AttributeProto */
function attribute(name: string, value: AttributeValue): Piece[] {
  return [
    fields((to) => {
      to.writeStringField(1, name);
      if (typeof value === 'number') {
        to.writeVarintField(3, value);
        to.writeVarintField(20, 2);
      } else if ('float' in value) {
        to.writeFloatField(2, value.float);
        to.writeVarintField(20, 1);
      } else {
        for (const each of value) to.writeVarintField(8, each);
        to.writeVarintField(20, 7);
      }
    }),
  ];
}

/** NodeProto */
function node({ operator, inputs, outputs, attributes }: OnnxNode): Piece[] {
  const named = fields((to) => {
    for (const input of inputs) to.writeStringField(1, input);
    for (const output of outputs) to.writeStringField(2, output);
    to.writeStringField(3, outputs[0]!);
    to.writeStringField(4, operator);
  });
  return [named, ...Object.entries(attributes).flatMap(([name, value]) => field(5, attribute(name, value)))];
}

/** TensorProto */
function tensor({ name, type, shape, bytes, read }: Initializer): Piece[] {
  const head = fields((to) => {
    if (shape.length > 0) to.writePackedVarint(1, [...shape]);
    to.writeVarintField(2, type);
    to.writeStringField(8, name);
  });
  return [head, ...field(9, [{ bytes, read }])];
}

function dimension(dim: Dim): Uint8Array {
  return fields((to) => {
    if (isNumber(dim)) to.writeVarintField(1, dim);
    else to.writeStringField(2, dim.perSample === 1 ? 'batch' : `${dim.perSample} batch`);
  });
}

/** ValueInfoProto */
function valueInfo(name: string, { shape, dtype }: Value, description = ''): Piece[] {
  const sides = shape.flatMap((dim) => field(1, [dimension(dim)]));
  const type = [fields((to) => to.writeVarintField(1, onnxTypes[dtype])), ...field(2, sides)];
  return [
    fields((to) => to.writeStringField(1, name)),
    ...field(2, field(1, type)),
    fields((to) => to.writeStringField(3, description)),
  ];
}

function emitted({ values, inputs, outputs }: Graph): Emitter {
  const [first] = inputs;
  if (first?.source.kind !== 'input') throw new ExportError('A network without inputs cannot be exported.');
  const to = new Emitter(first.source.name);
  const names = new Map<Value, string>();
  for (const value of values) {
    const { source } = value;
    if (source.kind === 'input') names.set(value, source.name);
    else if (source.kind === 'constant') names.set(value, to.constant(value));
    else {
      const { rule, inputs: given, attributes } = source;
      const own = Object.fromEntries(Object.entries(given).map(([name, input]) => [name, names.get(input)!]));
      names.set(value, rule.emit({ value, inputs: given, names: own, attributes }, to));
    }
  }
  for (const [name, output] of Object.entries(outputs)) to.rename(names.get(output)!, name);
  return to;
}

export interface OnnxFile {
  readonly bytes: number;
  /** Operators by name, and how many of each. */
  readonly operators: Readonly<Record<string, number>>;
  readonly pieces: readonly Piece[];
}

/** @throws ExportError for what is larger than an ONNX file can be */
export function onnxFile(graph: Graph, { name, description, metadata, describe }: ModelWords): OnnxFile {
  const to = emitted(graph);
  const infos = (number: number, all: readonly (readonly [string, Value])[]) =>
    all.flatMap(([each, value]) => field(number, valueInfo(each, value, describe[each])));
  const inputs = graph.inputs.map((value) => [value.source.kind === 'input' ? value.source.name : '', value] as const);
  const body: Piece[] = [
    ...to.nodes.flatMap((each) => field(1, node(each))),
    fields((at) => at.writeStringField(2, name)),
    ...to.initializers.flatMap((each) => field(5, tensor(each))),
    ...infos(11, inputs),
    ...infos(12, Object.entries(graph.outputs)),
  ];
  const pieces: Piece[] = [
    fields((at) => {
      at.writeVarintField(1, irVersion);
      at.writeStringField(2, 'dr2net');
      at.writeStringField(6, description);
    }),
    ...field(7, body),
    ...field(8, [fields((at) => at.writeVarintField(2, opset))]),
    ...Object.entries(metadata).flatMap(([key, value]) =>
      field(14, [
        fields((at) => {
          at.writeStringField(1, key);
          at.writeStringField(2, value);
        }),
      ]),
    ),
  ];
  const bytes = lengthOf(pieces);
  if (bytes > most)
    throw new ExportError(
      `The model takes ${bytes} bytes, and an ONNX file can have ${most} at most. Export its weights: --format safetensors.`,
    );
  const operators: Record<string, number> = {};
  for (const { operator } of to.nodes) operators[operator] = (operators[operator] ?? 0) + 1;
  return { bytes, operators, pieces };
}
