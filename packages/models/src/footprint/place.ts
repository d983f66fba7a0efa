/** Where a model's dry layers stand: the engine, the backend's kernels, the sizes of one batch, and parameters by name. */
import type { DryEngine, DryParameter, KernelFamily } from '@dr2net/memory';
import type { BlocksSpec, TransformerSpec } from '../transformer/spec.ts';

export interface Place<Spec extends BlocksSpec = TransformerSpec> {
  readonly engine: DryEngine;
  readonly family: KernelFamily;
  readonly spec: Spec;
  readonly batch: number;
  /** Of a sample. */
  readonly tokens: number;
  readonly take: (name: string) => DryParameter;
}

/** A parameter that a model was planned with. */
export interface Planned {
  readonly name: string;
  readonly shape: readonly number[];
  /** Default true. */
  readonly trainable?: boolean;
}

/** The parameters, made on the engine, and how a layer takes one by its name. */
export function planned(engine: DryEngine, all: readonly Planned[]) {
  const made = new Map(
    all.map(({ name, shape, trainable = true }): [string, DryParameter] => {
      const size = shape.reduce((product, side) => product * side, 1);
      return [name, { size, shape, trainable, tensor: engine.within('parameters', () => engine.upload(size)) }];
    }),
  );
  return {
    parameters: [...made.values()],
    take(name: string): DryParameter {
      const parameter = made.get(name);
      if (!parameter) throw new Error(`The dry model needs a parameter ${name} that was not planned.`);
      return parameter;
    },
  };
}

/** Elements of all of them. */
export const sizeOf = (all: readonly Planned[]): number =>
  all.reduce((sum, { shape }) => sum + shape.reduce((product, side) => product * side, 1), 0);
