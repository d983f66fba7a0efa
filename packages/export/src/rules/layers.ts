/** The layers that are one operation in a recording: linear, layer normalisation, GELU. */
import type { Recorded } from '../graph/recorded.ts';
import { likeX, rule } from './rule.ts';

const affine = ({ x, weight }: Readonly<Record<string, Recorded>>) => ({
  shape: [...x!.shape.slice(0, -1), weight!.shape[1]!],
  dtype: x!.dtype,
});

export const layers = [
  rule({
    kernel: 'Dr2netLinear',
    infer: affine,
    emit({ names: { x, weight, bias } }, to) {
      const product = to.add('MatMul', [x!, weight!]);
      return bias ? to.add('Add', [product, bias]) : product;
    },
  }),
  rule<{ epsilon: number }>({
    kernel: 'Dr2netLayerNorm',
    infer: likeX,
    emit: ({ names: { x, gain, bias }, attributes }, to) =>
      to.add('LayerNormalization', [x!, gain!, bias!], { axis: -1, epsilon: { float: attributes.epsilon } }),
  }),
  rule({
    kernel: 'Dr2netGelu',
    infer: likeX,
    // x·(1 + erf(x/√2))·½, in the order in which runtimes know it again.
    emit({ names: { x } }, to) {
      const scaled = to.add('Div', [x!, to.scalar(Math.SQRT2)]);
      const shifted = to.add('Add', [to.add('Erf', [scaled]), to.scalar(1)]);
      return to.add('Mul', [to.add('Mul', [x!, shifted]), to.scalar(0.5)]);
    },
  }),
];
