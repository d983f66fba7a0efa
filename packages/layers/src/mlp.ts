/** The transformer's MLP: width → hidden with GELU → width. */
import type { Differentiable, Parameter } from '@dr2net/ops';
import { Linear, LinearGelu } from './linear.ts';
import { sequential } from './sequential.ts';

/** Parameters of {@link mlp}; they stay the caller's. */
export interface MlpParts {
  /** [width, hidden] */
  readonly expand: Parameter;
  readonly expandBias: Parameter | null;
  /** [hidden, width] */
  readonly contract: Parameter;
  readonly contractBias: Parameter | null;
}

/** x [..., width] → gelu(x·W₁ + b₁)·W₂ + b₂ [..., width]. */
export function mlp({ expand, expandBias, contract, contractBias }: MlpParts): Differentiable {
  return sequential('mlp', [new LinearGelu(expand, expandBias), new Linear(contract, contractBias)]);
}
