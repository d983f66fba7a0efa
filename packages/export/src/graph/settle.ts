/**
 * One graph of two recordings of the same network at two batches: what is the same is fixed, what grows with the batch is a multiple of it,
 * and where anything else differs the network cannot be written for every batch.
 */
import type { TypedArray } from '@tensorflow/tfjs-core';
import { ExportError } from '../errors.ts';
import type { Recording } from '../record/record.ts';
import { type Dim, tracedBatches } from './dim.ts';
import type { Graph, Source, Value } from './graph.ts';
import type { Attributes, Constant, Origin, Recorded } from './recorded.ts';

type Made = Extract<Origin, { kind: 'made' }>;

const [small, large] = tracedBatches;

function refuse(what: string): never {
  throw new ExportError(
    `${what} depends on the batch in a way that no file can say; give a fixed batch, as in --batch 1.`,
  );
}

function settledDim(a: number, b: number): Dim {
  if (a === b) return a;
  const perSample = a / small;
  return Number.isInteger(perSample) && perSample * large === b ? { perSample } : refuse(`A size (${a}, ${b})`);
}

function settledShape(a: Recorded, b: Recorded): Dim[] {
  if (a.shape.length !== b.shape.length) refuse(`A rank (${a.shape.length}, ${b.shape.length})`);
  return a.shape.map((side, axis) => settledDim(side, b.shape[axis]!));
}

const sameNumbers = (a: TypedArray, b: TypedArray) => a.length === b.length && a.every((value, i) => value === b[i]);

/** Whether the numbers are those of one sample, once for each of so many. */
function repeats(values: TypedArray, batch: number): boolean {
  const each = values.length / batch;
  return values.every((value, i) => value === values[i % each]);
}

function settledConstant(a: Constant, b: Constant, shape: readonly Dim[]): Source {
  const fixed: Source = { kind: 'constant', constant: a, samples: false };
  if (a.key === b.key) return fixed;
  if (!a.values || !b.values) return refuse(`A constant [${shape.length} axes]`);
  if (sameNumbers(a.values, b.values)) return fixed;
  const each = a.values.length / small;
  const own = a.values.slice(0, each) as TypedArray;
  const grows =
    shape.length > 0 && typeof shape[0] !== 'number' && shape.slice(1).every((side) => typeof side === 'number');
  if (!grows || !repeats(a.values, small) || !repeats(b.values, large) || !sameNumbers(own, b.values.slice(0, each)))
    return refuse('A constant');
  return { kind: 'constant', samples: true, constant: { key: a.values, values: own, read: async () => own } };
}

function same(a: unknown, b: unknown): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const [keys, others] = [Object.keys(a), Object.keys(b)];
  const [left, right] = [a as Attributes, b as Attributes];
  return keys.length === others.length && keys.every((key) => same(left[key], right[key]));
}

function settledAttributes(a: Made, b: Made): Attributes {
  const { rule } = a;
  if (rule.settle) return rule.settle(a, b) ?? refuse(`The operation ${rule.kernel}`);
  const sizes = new Set(rule.sizes);
  const rest = ({ attributes }: Made) =>
    Object.fromEntries(Object.entries(attributes).filter(([name]) => !sizes.has(name)));
  if (!same(rest(a), rest(b))) refuse(`The operation ${rule.kernel}`);
  return a.attributes;
}

/** All that outputs are made of, each after what it is made of. */
function needed({ inputs, outputs }: Recording): Recorded[] {
  const found = new Set<Recorded>(inputs);
  const waiting = Object.values(outputs);
  for (let value = waiting.pop(); value; value = waiting.pop()) {
    if (found.has(value)) continue;
    found.add(value);
    if (value.origin.kind === 'made') waiting.push(...Object.values(value.origin.inputs));
  }
  return [...found].sort((one, other) => one.number - other.number);
}

/**
 * @param a recorded at a batch of 2, or at the batch that is wanted
 * @param b recorded at a batch of 3; `a` itself for a file of a fixed batch
 * @throws ExportError
 */
export function settle(a: Recording, b: Recording): Graph {
  const [left, right] = [needed(a), needed(b)];
  if (left.length !== right.length) refuse('The number of operations');
  const values = new Map<Recorded, Value>();
  const places = new Map(right.map((value, i) => [value, i]));
  for (const [i, one] of left.entries()) {
    const other = right[i]!;
    const shape = settledShape(one, other);
    const [from, to] = [one.origin, other.origin];
    let source: Source;
    if (from.kind === 'made' && to.kind === 'made' && from.rule === to.rule) {
      const inputs: Record<string, Value> = {};
      if (Object.keys(from.inputs).length !== Object.keys(to.inputs).length)
        refuse(`What ${from.rule.kernel} works on`);
      for (const [name, input] of Object.entries(from.inputs)) {
        const twin = to.inputs[name];
        if (!twin || left[places.get(twin)!] !== input) refuse(`What ${from.rule.kernel} works on`);
        inputs[name] = values.get(input)!;
      }
      source = { kind: 'made', rule: from.rule, inputs, attributes: settledAttributes(from, to) };
    } else if (from.kind === 'constant' && to.kind === 'constant')
      source = settledConstant(from.constant, to.constant, shape);
    else if (from.kind === 'input' && to.kind === 'input') source = from;
    else return refuse('The order of operations');
    values.set(one, { shape, dtype: one.dtype, source });
  }
  return {
    values: [...values.values()],
    inputs: a.inputs.map((input) => values.get(input)!),
    outputs: Object.fromEntries(Object.entries(a.outputs).map(([name, output]) => [name, values.get(output)!])),
  };
}
