/** The parameters of a network by their plan: taken by name, in the plan's order, each with its place in the published checkpoint. */
import type { Parameter } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { CheckpointTensor } from '../backbone.ts';
import { fromParameter, type Layout } from './layout.ts';

interface Placed {
  readonly name: string;
  readonly layout: Layout;
}

export class ParameterPlan<P extends Placed> {
  readonly #planned = new Map<Parameter, P>();
  readonly #made: ReadonlyMap<string, Parameter>;
  /** All of them, in the plan's order. */
  readonly parameters: readonly Parameter[];

  /**
   * @param owner what the network is called in errors: `backbone`
   * @param made by name
   * @throws Error where one is missing
   */
  constructor(
    private readonly owner: string,
    plan: readonly P[],
    made: ReadonlyMap<string, Parameter>,
  ) {
    this.#made = made;
    for (const planned of plan) this.#planned.set(this.take(planned.name), planned);
    this.parameters = [...this.#planned.keys()];
  }

  /** By name. @throws Error for one that was not made */
  readonly take = (name: string): Parameter => {
    const parameter = this.#made.get(name);
    if (!parameter) throw new Error(`The ${this.owner} needs a parameter ${name} that was not made.`);
    return parameter;
  };

  /** @throws RangeError for a parameter of another network */
  of(parameter: Parameter): P {
    const planned = this.#planned.get(parameter);
    if (!planned) throw new RangeError(`Parameter ${parameter.name} is not one of this ${this.owner}'s.`);
    return planned;
  }

  /** A parameter's value or gradient (borrowed) as the published checkpoint has it; what has no key there is left out. */
  toCheckpoint(parameter: Parameter, tensor: Tensor): CheckpointTensor[] {
    const { layout } = this.of(parameter);
    return layout.flatMap(({ key }, i) => (key === null ? [] : [{ key, tensor: fromParameter(layout, i, tensor) }]));
  }
}
