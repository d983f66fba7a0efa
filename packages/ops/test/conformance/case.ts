/** What the suite demands of every op: its value, its gradients, and its manners. */
import { expectIdentical, expectScaledClose, type Reference } from '@dr2net/testing/close';
import { expectNoLeak } from '@dr2net/testing/leaks';
import { type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { PullbackSpentError, type TracedOp, type Wanted } from '../../src/index.ts';
import { type Node, Tape } from './float64.ts';
import type { Implementation } from './implementations.ts';
import { normals } from './random.ts';

export interface Check {
  readonly name: string;
  /** Whether the current backend can run it; absent where all can. Elsewhere `run` does nothing. */
  here?(): boolean;
  run(): Promise<void>;
}

/** A check of an implementation: of this name, where it can run. */
export function checkOf({ label, here }: Implementation<unknown>, name: string, run: () => Promise<void>): Check {
  const all = label === undefined ? name : `${name} (${label})`;
  return { name: all, here, run: async () => (here() ? run() : undefined) };
}

/** An input with a gradient. */
export interface Input {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export interface OpCase<Name extends string> {
  /** Cases of one name have one reference: they differ in the implementation alone. */
  readonly name: string;
  readonly of?: Implementation<unknown>;
  /** The inputs that have gradients, by the names of the pullback. */
  readonly inputs: Readonly<Record<Name, Input>>;
  /** The shape of the value. */
  readonly shape: readonly number[];
  apply(inputs: Readonly<Record<Name, Tensor>>): Tensor;
  trace(inputs: Readonly<Record<Name, Tensor>>): TracedOp<Name>;
  /** The value, number by number. */
  define(tape: Tape, inputs: Readonly<Record<Name, Node[]>>): Node[];
  /** Largest error against the largest magnitude; default 2e-5. */
  readonly tolerance?: number;
}

const keysOf = <Name extends string>(record: Readonly<Record<Name, unknown>>) => Object.keys(record) as Name[];

/** The float64 value and gradients. */
function makeReference<Name extends string>(op: OpCase<Name>, dy: Float32Array) {
  const tape = new Tape();
  const names = keysOf(op.inputs);
  const nodes = {} as Record<Name, Node[]>;
  for (const name of names) nodes[name] = Array.from(op.inputs[name].values, tape.input);
  const outputs = op.define(tape, nodes);
  const value: Reference = { shape: op.shape, data: outputs.map((output) => tape.value(output)) };
  const gradients = {} as Record<Name, Reference>;
  for (const name of names)
    gradients[name] = { shape: op.inputs[name].shape, data: tape.gradients(outputs, dy, nodes[name]) };
  return { value, gradients };
}

const references = new Map<string, ReturnType<typeof makeReference>>();

/** Made once for all backends and implementations. */
function reference<Name extends string>(op: OpCase<Name>, dy: Float32Array) {
  const made = references.get(op.name) ?? makeReference(op, dy);
  references.set(op.name, made);
  return made as ReturnType<typeof makeReference<Name>>;
}

function subsets<Name extends string>(names: readonly Name[]): Wanted<Name>[] {
  return [{}, ...names.map((name) => ({ [name]: true }) as Wanted<Name>)];
}

/** Runs `body` with the inputs and dy on the device, and checks that it left nothing and changed no input. */
async function withInputs<Name extends string>(
  op: OpCase<Name>,
  dyValues: Float32Array,
  body: (inputs: Record<Name, Tensor>, dy: Tensor) => Promise<void>,
): Promise<void> {
  const all = [...keysOf(op.inputs).map((name) => [name, op.inputs[name]] as const)];
  await expectNoLeak(async () => {
    const inputs = {} as Record<Name, Tensor>;
    for (const [name, { shape, values }] of all) inputs[name] = tensor(values, [...shape], 'float32');
    const dy = tensor(dyValues, [...op.shape], 'float32');
    try {
      await body(inputs, dy);
      for (const [name, { shape, values }] of all)
        await expectIdentical(inputs[name], { shape, data: values }, `${name}, which the op only borrows,`);
      await expectIdentical(dy, { shape: op.shape, data: dyValues }, 'dy, which the pullback only borrows,');
    } finally {
      for (const [name] of all) inputs[name].dispose();
      dy.dispose();
    }
  });
}

/** The checks of one op at one shape. */
export function checks<Name extends string>(op: OpCase<Name>): Check[] {
  const dy = normals(op.shape, 7);
  const expected = () => reference(op, dy);
  const implementation = op.of ?? { kernel: undefined, here: () => true };
  const names = keysOf(op.inputs);
  const tolerance = { rtol: op.tolerance ?? 2e-5, atol: 1e-7 };

  const value = checkOf(implementation, `${op.name}: value`, () =>
    withInputs(op, dy, async (inputs) => {
      const y = op.apply(inputs);
      const again = op.apply(inputs);
      const traced = op.trace(inputs);
      traced.pullback.dispose();
      traced.pullback.dispose();
      await expectScaledClose(y, expected().value, tolerance, 'value');
      await expectIdentical(again, y, 'the value of a second run');
      await expectIdentical(traced.value, y, 'the traced value');
      for (const t of [y, again, traced.value]) t.dispose();
    }),
  );

  const gradients = checkOf(implementation, `${op.name}: gradients`, () =>
    withInputs(op, dy, async (inputs, d) => {
      // Traced in a tidy and pulled outside of it: what is kept must outlive the tidy.
      let pullback: TracedOp<Name>['pullback'] | undefined;
      tidy(() => {
        const traced = op.trace(inputs);
        pullback = traced.pullback;
      });
      const all = pullback!(d);
      let spent: unknown;
      try {
        pullback!(d);
      } catch (error) {
        spent = error;
      }
      if (!(spent instanceof PullbackSpentError)) throw new Error(`a second pullback threw ${spent}`);
      for (const name of names) {
        const gradient = all[name];
        if (!gradient) throw new Error(`no gradient of ${name}`);
        await expectScaledClose(gradient, expected().gradients[name], tolerance, `gradient of ${name}`);
      }
      for (const wanted of subsets(names)) {
        const traced = op.trace(inputs);
        traced.value.dispose();
        const some = traced.pullback(d, wanted);
        for (const name of names) {
          if ((some[name] !== undefined) !== (wanted[name] === true))
            throw new Error(`gradient of ${name} where wanted is ${JSON.stringify(wanted)}`);
          if (some[name]) await expectIdentical(some[name], all[name]!, `gradient of ${name} alone`);
          some[name]?.dispose();
        }
      }
      for (const name of names) all[name]!.dispose();
    }),
  );
  return [value, gradients];
}

/** An input of normal numbers. */
export function input(shape: readonly number[], seed: number, scale = 1): Input {
  return { shape, values: normals(shape, seed, scale) };
}

/** Rows of a flat list. */
export function rowsOf<T>(list: readonly T[], width: number): T[][] {
  return Array.from({ length: list.length / width }, (_, row) => list.slice(row * width, (row + 1) * width));
}
