/** LayerScale (CaiT, arXiv 2103.17239): each channel of a residual branch times a learned factor. */
import { channelScale, type Differentiable, type Parameter, type Traced } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import { traceWith } from './op-layer.ts';

/** LayerScale (Touvron et al., arXiv 2103.17239): each channel times a learned number. */
export class LayerScale implements Differentiable {
  readonly parameters: readonly Parameter[];
  readonly diagonal = true;

  /** @param gamma [width] */
  constructor(private readonly gamma: Parameter) {
    this.parameters = [gamma];
  }

  apply(x: Tensor): Tensor {
    return channelScale.apply(x, this.gamma.variable);
  }

  trace(x: Tensor): Traced {
    return traceWith(channelScale.trace(x, this.gamma.variable), { gamma: this.gamma }, 'x');
  }
}
