/** linear + GELU as TensorFlow graphs. What is kept of the activation is its slope. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { after, hold } from '../engine.ts';
import { geluWithSlopeOf } from '../gelu/graph.ts';
import type { LinearKernel } from '../linear/index.ts';
import { type Names, wants } from '../linear/shared.ts';
import type { Graph, Value } from '../native/graph.ts';
import { affine, product, rows, unflatten, withScalar } from '../native/pieces.ts';
import { program } from '../native/session.ts';
import { type OpPullback, once, type Wanted } from '../pullback.ts';

const names: readonly Names[] = ['x', 'weight', 'bias'];

const float = 'float32';

/** `value` comes alone, `traced` with the slope. */
type Activation = (
  graph: Graph,
  x: Value,
  weight: Value,
  bias?: Value,
) => { value: Value; traced: Value; slope: Value };

/** z/√2, by scaling the weight: a fraction of scaling the activations; then TensorFlow's own operations. */
const composed: Activation = (graph, x, weight, bias) => {
  const scaled = withScalar(graph, 'Mul', weight, Math.SQRT1_2);
  const z = bias ? affine(graph, x, scaled, withScalar(graph, 'Mul', bias, Math.SQRT1_2)) : product(graph, x, scaled);
  const { value, slope } = geluWithSlopeOf(graph, z);
  return { value, traced: value, slope };
};

/** Our own operation (native/kernels/gelu.cc): value and slope in one pass, the slope in z's place. */
const withOwn: Activation = (graph, x, weight, bias) => {
  const z = bias ? affine(graph, x, weight, bias) : product(graph, x, weight);
  const [traced, slope] = graph.own('Dr2netGeluWithSlope', [z], 2);
  return { value: graph.own('Dr2netGelu', [z], 1)[0]!, traced: traced!, slope: slope! };
};

const define = (activation: Activation) =>
  program({ x: float, w: float, b: float, slope: float, dy: float }, (graph, inputs) => {
    const { x, w, b, dy } = inputs;
    const x2 = rows(graph, x);
    const biased = activation(graph, x2, w, b);
    const plain = activation(graph, x2, w);
    const dz = graph.op('Mul', [inputs.slope, rows(graph, dy)]);
    return {
      value: unflatten(graph, biased.value, x),
      traced: unflatten(graph, biased.traced, x),
      slope: biased.slope,
      valueWithoutBias: unflatten(graph, plain.value, x),
      tracedWithoutBias: unflatten(graph, plain.traced, x),
      slopeWithoutBias: plain.slope,
      weight: product(graph, x2, dz, true, false),
      x: unflatten(graph, product(graph, dz, w, false, true), dy),
      bias: graph.op('BiasAddGrad', [dz]),
    };
  });

function kernel(activation: Activation): LinearKernel {
  const linearGelu = define(activation);
  const traced = (x: Tensor, weight: Tensor, bias?: Tensor): { value: Tensor; slope: Tensor } => {
    if (bias) {
      const { traced, slope } = linearGelu.run({ x, w: weight, b: bias }, ['traced', 'slope']);
      return { value: traced, slope };
    }
    const made = linearGelu.run({ x, w: weight }, ['tracedWithoutBias', 'slopeWithoutBias']);
    return { value: made.tracedWithoutBias, slope: made.slopeWithoutBias };
  };
  return {
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
}

export const graph = kernel(composed);

/** Where our own operations are loaded. */
export const graphWithOwn = kernel(withOwn);
