/** Layer normalisation over the last axis, with gain and bias. */
import { type Differentiable, layerNorm, type Parameter, type Traced } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import { traceWith } from './op-layer.ts';

export class LayerNorm implements Differentiable {
  readonly parameters: readonly Parameter[];

  /**
   * @param gain [width]
   * @param bias [width]
   * @param epsilon added to the variance
   */
  constructor(
    private readonly gain: Parameter,
    private readonly bias: Parameter,
    private readonly epsilon: number,
  ) {
    this.parameters = [gain, bias];
  }

  apply(x: Tensor): Tensor {
    return layerNorm.apply(x, this.gain.variable, this.bias.variable, this.epsilon);
  }

  trace(x: Tensor): Traced {
    const traced = layerNorm.trace(x, this.gain.variable, this.bias.variable, this.epsilon);
    return traceWith(traced, { gain: this.gain, bias: this.bias }, 'x');
  }
}
