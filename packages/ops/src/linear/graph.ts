/** linear as TensorFlow graphs: the bias is added within the product. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { hold } from '../engine.ts';
import { affine, product, rows, unflatten } from '../native/pieces.ts';
import { program } from '../native/session.ts';
import { type OpPullback, once, type Wanted } from '../pullback.ts';
import type { LinearKernel } from './index.ts';
import { type Names, wants } from './shared.ts';

const names: readonly Names[] = ['x', 'weight', 'bias'];

const linear = program({ x: 'float32', w: 'float32', b: 'float32', dy: 'float32' }, (graph, { x, w, b, dy }) => {
  const [x2, dy2] = [rows(graph, x), rows(graph, dy)];
  return {
    withBias: unflatten(graph, affine(graph, x2, w, b), x),
    withoutBias: unflatten(graph, product(graph, x2, w), x),
    weight: product(graph, x2, dy2, true, false),
    x: unflatten(graph, product(graph, dy2, w, false, true), dy),
    bias: graph.op('BiasAddGrad', [dy2]),
  };
});

export const graph: LinearKernel = {
  apply: (x, weight, bias) =>
    bias
      ? linear.run({ x, w: weight, b: bias }, ['withBias']).withBias
      : linear.run({ x, w: weight }, ['withoutBias']).withoutBias,
  trace(x, weight, bias) {
    const value = graph.apply(x, weight, bias);
    const kept = [hold(x), hold(weight)] as const;
    const pullback: OpPullback<Names> = once('linear', kept, (dy: Tensor, wanted?: Wanted<Names>) =>
      linear.run({ x: kept[0], w: kept[1], dy }, names.filter(wants(wanted, bias))),
    );
    return { value, pullback };
  },
};
