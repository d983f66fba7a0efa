/** Layers of point networks without parameters: ReLU, and the maximum over neighbours. */
import { type Differentiable, neighbourMax, type Parameter, relu, type Traced } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import { traceWith } from './op-layer.ts';

/** max(x, 0). */
export class Relu implements Differentiable {
  readonly parameters: readonly Parameter[] = [];

  apply(x: Tensor): Tensor {
    return relu.apply(x);
  }

  trace(x: Tensor): Traced {
    return traceWith(relu.trace(x), {}, 'x');
  }
}

/** x [groups, K, C] → [groups, C], the maximum of each channel. */
export class NeighbourMax implements Differentiable {
  readonly parameters: readonly Parameter[] = [];

  apply(x: Tensor): Tensor {
    return neighbourMax.apply(x);
  }

  trace(x: Tensor): Traced {
    return traceWith(neighbourMax.trace(x), {}, 'x');
  }
}
