/** linear + GELU as TensorFlow graphs. Kept is u = z/√2, which GELU and its slope are functions of. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { after, hold } from '../engine.ts';
import { geluGradientOf, geluOf } from '../gelu/graph.ts';
import type { LinearKernel } from '../linear/index.ts';
import { type Names, wants } from '../linear/shared.ts';
import { affine, product, rows, unflatten, withScalar } from '../native/pieces.ts';
import { program } from '../native/session.ts';
import { type OpPullback, once, type Wanted } from '../pullback.ts';

const names: readonly Names[] = ['x', 'weight', 'bias'];

const linearGelu = program(['x', 'w', 'b', 'u', 'dy'], (graph, { x, w, b, u, dy }) => {
  const x2 = rows(graph, x);
  // Scaling the weight is a fraction of scaling the activations.
  const scaled = withScalar(graph, 'Mul', w, Math.SQRT1_2);
  const withBias = affine(graph, x2, scaled, withScalar(graph, 'Mul', b, Math.SQRT1_2));
  const withoutBias = product(graph, x2, scaled);
  const dz = geluGradientOf(graph, u, rows(graph, dy));
  return {
    withBias,
    withoutBias,
    value: unflatten(graph, geluOf(graph, withBias), x),
    valueWithoutBias: unflatten(graph, geluOf(graph, withoutBias), x),
    weight: product(graph, x2, dz, true, false),
    x: unflatten(graph, product(graph, dz, w, false, true), dy),
    bias: graph.op('BiasAddGrad', [dz]),
  };
});

export const graph: LinearKernel = {
  apply: (x, weight, bias) =>
    bias
      ? linearGelu.run({ x, w: weight, b: bias }, ['value']).value
      : linearGelu.run({ x, w: weight }, ['valueWithoutBias']).valueWithoutBias,
  trace(x, weight, bias) {
    const { u, value } = traced(x, weight, bias);
    const kept = [hold(x), hold(weight), after(hold(u), u)] as const;
    const pullback: OpPullback<Names> = once('linearGelu', kept, (dy: Tensor, wanted?: Wanted<Names>) =>
      linearGelu.run({ x: kept[0], w: kept[1], u: kept[2], dy }, names.filter(wants(wanted, bias))),
    );
    return { value, pullback };
  },
};

function traced(x: Tensor, weight: Tensor, bias?: Tensor): { u: Tensor; value: Tensor } {
  if (!bias) {
    const { withoutBias, valueWithoutBias } = linearGelu.run({ x, w: weight }, ['withoutBias', 'valueWithoutBias']);
    return { u: withoutBias, value: valueWithoutBias };
  }
  const { withBias, value } = linearGelu.run({ x, w: weight, b: bias }, ['withBias', 'value']);
  return { u: withBias, value };
}
