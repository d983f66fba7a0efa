/** GELU's pieces of a TensorFlow graph, on u = z/√2 as in `native.ts`; every operation but the first works in place. */
import type { Graph, Value } from '../native/graph.ts';
import { withScalar } from '../native/pieces.ts';

/** gelu(√2·u) */
export function geluOf(graph: Graph, u: Value): Value {
  const shifted = withScalar(graph, 'AddV2', graph.op('Erf', [u]), 1);
  return withScalar(graph, 'Mul', graph.op('Mul', [shifted, u]), Math.SQRT1_2);
}

/** dy·gelu'(√2·u) */
export function geluGradientOf(graph: Graph, u: Value, dy: Value): Value {
  const squared = graph.op('Square', [u]);
  const exponent = graph.op('Sub', [graph.scalar(Math.log(2 / Math.sqrt(Math.PI))), squared]);
  const slope = graph.op('Mul', [graph.op('Exp', [exponent]), u]);
  const sum = graph.op('AddV2', [graph.op('Erf', [u]), slope]);
  const derivative = withScalar(graph, 'AddV2', sum, 1);
  return withScalar(graph, 'Mul', graph.op('Mul', [derivative, dy]), 0.5);
}
