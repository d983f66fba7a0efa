/** Layers of point networks without parameters: ReLU, the maximum over neighbours, and a group's maximum beside each member. */
import {
  type Differentiable,
  neighbourMax,
  type OpPullback,
  once,
  type Parameter,
  relu,
  type Traced,
} from '@dr2net/ops';
import { add, broadcastTo, concat, expandDims, slice, sum, type Tensor, tidy } from '@tensorflow/tfjs-core';

const only = (pullback: OpPullback<'x'>, dy: Tensor): Tensor => {
  const { x } = pullback(dy);
  if (!x) throw new Error('The op gave no gradient of its input.');
  return x;
};

/** max(x, 0). */
export class Relu implements Differentiable {
  readonly parameters: readonly Parameter[] = [];

  apply(x: Tensor): Tensor {
    return relu.apply(x);
  }

  trace(x: Tensor): Traced {
    const { value, pullback } = relu.trace(x);
    return { value, pullback: once('relu', [pullback], (dy: Tensor) => only(pullback, dy)) };
  }
}

/** x [groups, K, C] → [groups, C], the maximum of each channel. */
export class NeighbourMax implements Differentiable {
  readonly parameters: readonly Parameter[] = [];

  apply(x: Tensor): Tensor {
    return neighbourMax.apply(x);
  }

  trace(x: Tensor): Traced {
    const { value, pullback } = neighbourMax.trace(x);
    return { value, pullback: once('neighbour max', [pullback], (dy: Tensor) => only(pullback, dy)) };
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
    const { value: most, pullback } = neighbourMax.trace(x);
    const [groups, size, width] = x.shape as [number, number, number];
    const value = beside(x, most);
    most.dispose();
    const run = (dy: Tensor): Tensor =>
      tidy(() => {
        const ofMaximum = only(pullback, sum(slice(dy, [0, 0, 0], [groups, size, width]), 1));
        return add(slice(dy, [0, 0, width], [groups, size, width]), ofMaximum);
      });
    return { value, pullback: once('group maximum', [pullback], run) };
  }
}
