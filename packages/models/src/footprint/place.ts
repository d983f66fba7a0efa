/** Where a model's dry layers stand: the engine, the backend's kernels, the sizes of one batch, and parameters by name. */
import type { DryEngine, DryParameter, KernelFamily } from '@dr2net/memory';
import { type TransformerSpec, tokenCount } from '../transformer/spec.ts';

export interface Place {
  readonly engine: DryEngine;
  readonly family: KernelFamily;
  readonly spec: TransformerSpec;
  readonly batch: number;
  readonly tokens: number;
  readonly take: (name: string) => DryParameter;
}

/** A parameter that a model was planned with. */
interface Planned {
  readonly name: string;
  readonly shape: readonly number[];
}

export function place(
  engine: DryEngine,
  family: KernelFamily,
  spec: TransformerSpec,
  batch: number,
  planned: readonly Planned[],
): Place & { readonly parameters: readonly DryParameter[] } {
  const made = new Map(
    planned.map(({ name, shape }): [string, DryParameter] => {
      const size = shape.reduce((product, side) => product * side, 1);
      return [name, { size, shape, trainable: true, tensor: engine.within('parameters', () => engine.upload(size)) }];
    }),
  );
  return {
    engine,
    family,
    spec,
    batch,
    tokens: tokenCount(spec),
    parameters: [...made.values()],
    take: (name) => {
      const parameter = made.get(name);
      if (!parameter) throw new Error(`The dry model needs a parameter ${name} that was not planned.`);
      return parameter;
    },
  };
}
