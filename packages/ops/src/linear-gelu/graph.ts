/** linear + GELU as TensorFlow graphs. What is kept of the activation is its slope. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { after, hold } from '../engine.ts';
import { geluWithSlopeOf } from '../gelu/graph.ts';
import type { LinearKernel } from '../linear/index.ts';
import { type Names, wants } from '../linear/shared.ts';
import { affine, product, rows, unflatten, withScalar } from '../native/pieces.ts';
import { program } from '../native/session.ts';
import { type OpPullback, once, type Wanted } from '../pullback.ts';

const names: readonly Names[] = ['x', 'weight', 'bias'];

const float = 'float32';

const linearGelu = program({ x: float, w: float, b: float, slope: float, dy: float }, (graph, inputs) => {
  const { x, w, b, dy } = inputs;
  const x2 = rows(graph, x);
  // z/√2, by scaling the weight: a fraction of scaling the activations.
  const scaled = withScalar(graph, 'Mul', w, Math.SQRT1_2);
  const biased = geluWithSlopeOf(graph, affine(graph, x2, scaled, withScalar(graph, 'Mul', b, Math.SQRT1_2)));
  const plain = geluWithSlopeOf(graph, product(graph, x2, scaled));
  const dz = graph.op('Mul', [inputs.slope, rows(graph, dy)]);
  return {
    value: unflatten(graph, biased.value, x),
    slope: biased.slope,
    valueWithoutBias: unflatten(graph, plain.value, x),
    slopeWithoutBias: plain.slope,
    weight: product(graph, x2, dz, true, false),
    x: unflatten(graph, product(graph, dz, w, false, true), dy),
    bias: graph.op('BiasAddGrad', [dz]),
  };
});

function traced(x: Tensor, weight: Tensor, bias?: Tensor): { value: Tensor; slope: Tensor } {
  if (bias) return linearGelu.run({ x, w: weight, b: bias }, ['value', 'slope']);
  const made = linearGelu.run({ x, w: weight }, ['valueWithoutBias', 'slopeWithoutBias']);
  return { value: made.valueWithoutBias, slope: made.slopeWithoutBias };
}

export const graph: LinearKernel = {
  apply: (x, weight, bias) =>
    bias
      ? linearGelu.run({ x, w: weight, b: bias }, ['value']).value
      : linearGelu.run({ x, w: weight }, ['valueWithoutBias']).valueWithoutBias,
  trace(x, weight, bias) {
    const { value, slope } = traced(x, weight, bias);
    const kept = [hold(x), hold(weight), after(hold(slope), slope)] as const;
    const pullback: OpPullback<Names> = once('linearGelu', kept, (dy: Tensor, wanted?: Wanted<Names>) =>
      linearGelu.run({ x: kept[0], w: kept[1], slope: kept[2], dy }, names.filter(wants(wanted, bias))),
    );
    return { value, pullback };
  },
};
