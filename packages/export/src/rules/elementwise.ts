/** Kernels that work element by element. */
import { broadcast_util } from '@tensorflow/tfjs-core';
import { valueType } from '../graph/recorded.ts';
import { onnxTypes } from '../onnx/types.ts';
import { likeX, rule } from './rule.ts';

const unary = (kernel: string, operator: string) =>
  rule({ kernel, infer: likeX, emit: ({ names }, to) => to.add(operator, [names.x!]) });

const binary = (kernel: string, operator: string) =>
  rule({
    kernel,
    infer: ({ a, b }) => ({
      shape: broadcast_util.assertAndGetBroadcastShape([...a!.shape], [...b!.shape]),
      dtype: a!.dtype,
    }),
    emit: ({ names }, to) => to.add(operator, [names.a!, names.b!]),
  });

export const elementwise = [
  unary('Neg', 'Neg'),
  unary('Abs', 'Abs'),
  unary('Exp', 'Exp'),
  unary('Log', 'Log'),
  unary('Sqrt', 'Sqrt'),
  unary('Erf', 'Erf'),
  unary('Sigmoid', 'Sigmoid'),
  unary('Tanh', 'Tanh'),
  unary('Relu', 'Relu'),
  rule({ kernel: 'Square', infer: likeX, emit: ({ names: { x } }, to) => to.add('Mul', [x!, x!]) }),
  rule({
    kernel: 'Rsqrt',
    infer: likeX,
    emit: ({ names }, to) => to.add('Reciprocal', [to.add('Sqrt', [names.x!])]),
  }),
  binary('Add', 'Add'),
  binary('Sub', 'Sub'),
  binary('Multiply', 'Mul'),
  binary('RealDiv', 'Div'),
  binary('Maximum', 'Max'),
  binary('Minimum', 'Min'),
  rule<{ dtype: string }>({
    kernel: 'Cast',
    infer: ({ x }, { dtype }) => ({ shape: x!.shape, dtype: valueType(dtype) }),
    emit: ({ value, names }, to) => to.add('Cast', [names.x!], { to: onnxTypes[value.dtype] }),
  }),
];
