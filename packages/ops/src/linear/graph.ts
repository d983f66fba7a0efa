/** linear as TensorFlow graphs: the bias is added within the product. */
import { affine, product, rows, unflatten } from '../native/pieces.ts';
import { program } from '../native/session.ts';
import { type Names, withTrace } from './shared.ts';

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

export const graph = withTrace({
  apply: (x, weight, bias) =>
    bias
      ? linear.run({ x, w: weight, b: bias }, ['withBias']).withBias
      : linear.run({ x, w: weight }, ['withoutBias']).withoutBias,
  gradients: (x, weight, dy, want) => linear.run({ x, w: weight, dy }, names.filter(want)),
});
