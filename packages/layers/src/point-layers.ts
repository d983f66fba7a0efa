/** Layers of point networks without parameters: ReLU, the maximum over neighbours, and a group's maximum beside each member. */
import {
  type Differentiable,
  holding,
  neighbourMax,
  once,
  type Parameter,
  relu,
  type Sink,
  type Traced,
} from '@dr2net/ops';
import { add, broadcastTo, concat, expandDims, slice, sum, type Tensor, tidy } from '@tensorflow/tfjs-core';
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

function beside(x: Tensor, most: Tensor): Tensor {
  return tidy(() => concat([broadcastTo(expandDims(most, 1), x.shape), x], 2));
}

/** x [groups, K, C] → [groups, K, 2·C]: [the group's maximum, x]. */
export class WithMaximum implements Differentiable {
  readonly parameters: readonly Parameter[] = [];

  apply(x: Tensor): Tensor {
    return tidy(() => beside(x, neighbourMax.apply(x)));
  }

  trace(x: Tensor): Traced {
    const [groups, size, width] = x.shape as [number, number, number];
    return holding((held) => {
      const { value: most, pullback } = traceWith(neighbourMax.trace(x), {}, 'x');
      held.add(pullback);
      const value = beside(x, held.add(most));
      held.free(most);
      const run = (dy: Tensor, sink: Sink): Tensor =>
        tidy(() => {
          const ofMaximum = pullback(sum(slice(dy, [0, 0, 0], [groups, size, width]), 1), sink);
          return add(slice(dy, [0, 0, width], [groups, size, width]), ofMaximum);
        });
      return { value, pullback: once('group maximum', [pullback], run) };
    });
  }
}
