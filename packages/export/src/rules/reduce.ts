/** Kernels that reduce axes, and the softmax. */
import { backend_util, util } from '@tensorflow/tfjs-core';
import type { Recorded } from '../graph/recorded.ts';
import { likeX, rule } from './rule.ts';

type Axes = number | number[] | undefined | null;

interface Reduction {
  readonly axis?: Axes;
  /** `Max` calls it so. */
  readonly reductionIndices?: Axes;
  readonly keepDims?: boolean;
}

const axesOf = ({ axis, reductionIndices }: Reduction, rank: number): number[] =>
  util.parseAxisParam(
    (axis ?? reductionIndices) as number | number[],
    Array.from({ length: rank }, () => 1),
  );

function reduced({ x }: Readonly<Record<string, Recorded>>, attributes: Reduction): number[] {
  const shape = [...x!.shape];
  const axes = axesOf(attributes, shape.length);
  const [kept] = backend_util.computeOutAndReduceShapes(shape, axes);
  return attributes.keepDims ? backend_util.expandShapeToKeepDim(kept, axes) : kept;
}

/** @param axesAsInput whether the operator takes its axes as an input, as of opset 13 ReduceSum does */
const reduction = (kernel: string, operator: string, axesAsInput = false) =>
  rule<Reduction>({
    kernel,
    infer: (inputs, attributes) => ({ shape: reduced(inputs, attributes), dtype: inputs.x!.dtype }),
    emit({ inputs, names, attributes }, to) {
      const axes = axesOf(attributes, inputs.x!.shape.length);
      const keepdims = attributes.keepDims ? 1 : 0;
      return axesAsInput
        ? to.add(operator, [names.x!, to.ints(axes)], { keepdims })
        : to.add(operator, [names.x!], { axes, keepdims });
    },
  });

export const reduce = [
  reduction('Sum', 'ReduceSum', true),
  reduction('Mean', 'ReduceMean'),
  reduction('Max', 'ReduceMax'),
  rule<{ axis: number }>({
    kernel: 'ArgMax',
    infer: (inputs, { axis }) => ({ shape: reduced(inputs, { axis }), dtype: 'int32' }),
    emit({ inputs, names, attributes }, to) {
      const [axis] = axesOf(attributes, inputs.x!.shape.length);
      return to.add('Cast', [to.add('ArgMax', [names.x!], { axis: axis!, keepdims: 0 })], { to: 6 });
    },
  }),
  rule<{ dim: number }>({
    kernel: 'Softmax',
    infer: ({ logits }) => likeX({ x: logits! }),
    emit: ({ names, attributes }, to) => to.add('Softmax', [names.logits!], { axis: attributes.dim }),
  }),
];
