/** GELU's pieces of a TensorFlow graph, on u = z/√2 as in `native.ts`. */
import type { Graph, Value } from '../native/graph.ts';
import { withScalar } from '../native/pieces.ts';

/** gelu(√2·u) = u·(1 + erf u)/√2 and gelu'(√2·u) = ½·(1 + erf u + 2u·exp(−u²)/√π), both from one erf. */
export function geluWithSlopeOf(graph: Graph, u: Value): { value: Value; slope: Value } {
  const one = withScalar(graph, 'AddV2', graph.op('Erf', [u]), 1);
  const exponent = graph.op('Sub', [graph.scalar(Math.log(2 / Math.sqrt(Math.PI))), graph.op('Square', [u])]);
  const rise = graph.op('Mul', [graph.op('Exp', [exponent]), u]);
  return {
    value: withScalar(graph, 'Mul', graph.op('Mul', [one, u]), Math.SQRT1_2),
    slope: withScalar(graph, 'Mul', graph.op('AddV2', [rise, one]), 0.5),
  };
}
