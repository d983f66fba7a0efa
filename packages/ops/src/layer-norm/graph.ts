/** Layer normalisation as TensorFlow graphs: oneDNN's own forward pass, and a pullback that needs x alone. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { hold } from '../engine.ts';
import type { Graph, Value } from '../native/graph.ts';
import { product, rowMeans, rows, unflatten, withScalar } from '../native/pieces.ts';
import { type Program, program } from '../native/session.ts';
import { type OpPullback, once, type Wanted } from '../pullback.ts';
import type { LayerNormKernel } from './index.ts';

type Names = 'x' | 'gain' | 'bias';
const names: readonly Names[] = ['x', 'gain', 'bias'];

/** x̂ and r = 1/√(var + ε) of rows. */
function normalise(graph: Graph, x: Value, epsilon: number) {
  const centred = graph.op('Sub', [x, rowMeans(graph, x)]);
  const variance = rowMeans(graph, graph.op('Square', [centred]));
  const r = graph.op('Rsqrt', [withScalar(graph, 'AddV2', variance, epsilon)]);
  return { hat: graph.op('Mul', [centred, r]), r };
}

/** The means of the rows of `a` weighted by the gain, [rows, 1]: a matrix times a vector, faster than a reduction. */
function weightedMeans(graph: Graph, a: Value, gain: Value): Value {
  const type = { type: 'int32' } as const;
  const size = graph.op('Cast', [graph.op('Size', [gain], { out_type: type })], {
    SrcT: type,
    DstT: { type: 'float32' },
  });
  const column = graph.op('Reshape', [graph.op('Div', [gain, size]), graph.integers(-1, 1)], { Tshape: type });
  return product(graph, a, column);
}

const define = (epsilon: number) =>
  program({ x: 'float32', g: 'float32', b: 'float32', dy: 'float32' }, (graph, { x, g, b, dy }) => {
    const [x2, dy2] = [rows(graph, x), rows(graph, dy)];
    const { hat, r } = normalise(graph, x2, epsilon);
    const dyHat = graph.op('Mul', [dy2, hat]);
    const offset = weightedMeans(graph, dy2, g);
    const along = weightedMeans(graph, dyHat, g);
    const centred = graph.op('Sub', [graph.op('Mul', [dy2, g]), offset]);
    const free = graph.op('Sub', [centred, graph.op('Mul', [hat, along])]);
    return {
      value: unflatten(graph, graph.op('_MklLayerNorm', [x2, g, b], { epsilon: { float: epsilon } }), x),
      x: unflatten(graph, graph.op('Mul', [free, r]), x),
      gain: graph.op('BiasAddGrad', [dyHat]),
      bias: graph.op('BiasAddGrad', [dy2]),
    };
  });

/** One a value of ε: it is part of the operation. */
const programs = new Map<number, Program<'x' | 'g' | 'b' | 'dy', 'value' | Names>>();

function programFor(epsilon: number) {
  const found = programs.get(epsilon) ?? define(epsilon);
  programs.set(epsilon, found);
  return found;
}

export const graph: LayerNormKernel = {
  apply: (x, gain, bias, epsilon) => programFor(epsilon).run({ x, g: gain, b: bias }, ['value']).value,
  trace(x, gain, bias, epsilon) {
    const value = graph.apply(x, gain, bias, epsilon);
    const kept = [hold(x), hold(gain)] as const;
    const pullback: OpPullback<Names> = once('layerNorm', kept, (dy: Tensor, wanted?: Wanted<Names>) =>
      programFor(epsilon).run(
        { x: kept[0], g: kept[1], dy },
        names.filter((name) => wanted === undefined || wanted[name] === true),
      ),
    );
    return { value, pullback };
  },
};
