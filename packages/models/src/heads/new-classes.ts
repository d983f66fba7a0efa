/** Other classes for a network that is there: parameters that tell classes are made new, all others go on. */
import type { Parameter } from '@dr2net/ops';
import { initialise } from '../initial.ts';
import type { PlannedHeadParameter } from './classification-head.ts';
import { writeLabels } from './labels.ts';

export interface Renewed {
  /** By name; those that were there before are the same ones. */
  readonly parameters: ReadonlyMap<string, Parameter>;
  /** `config.json` with the new names. */
  readonly config: Readonly<Record<string, unknown>>;
}

/**
 * @param network whose parameters that are made new are disposed of
 * @param plan of the new ones alone
 * @param classes names, in the order of the new logits
 */
export function withNewLabels(
  network: { readonly parameters: readonly Parameter[]; readonly config: Readonly<Record<string, unknown>> },
  plan: readonly PlannedHeadParameter[],
  classes: readonly string[],
  seed: number,
): Renewed {
  const { id2label: _, label2id: __, num_labels: ___, ...config } = network.config;
  const parameters = new Map(network.parameters.map((parameter) => [parameter.name, parameter]));
  for (const [name, parameter] of initialise(plan, seed)) {
    parameters.get(name)?.dispose();
    parameters.set(name, parameter);
  }
  return { parameters, config: { ...config, ...writeLabels(classes) } };
}
