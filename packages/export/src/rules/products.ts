/** Products of matrices, and rows taken by number. */
import { broadcast_util } from '@tensorflow/tfjs-core';
import { ExportError } from '../errors.ts';
import type { Value } from '../graph/graph.ts';
import type { Emitter } from '../onnx/emitter.ts';
import { rule } from './rule.ts';

/** The last two axes exchanged. */
function swapped(name: string, { shape }: Value, to: Emitter): string {
  const axes = shape.map((_, axis) => axis);
  return to.add('Transpose', [name], { perm: [...axes.slice(0, -2), axes.length - 1, axes.length - 2] });
}

export const products = [
  rule<{ transposeA: boolean; transposeB: boolean }>({
    kernel: 'BatchMatMul',
    infer({ a, b }, { transposeA, transposeB }) {
      const leading = broadcast_util.assertAndGetBroadcastShape(a!.shape.slice(0, -2), b!.shape.slice(0, -2));
      return {
        shape: [...leading, a!.shape.at(transposeA ? -1 : -2)!, b!.shape.at(transposeB ? -2 : -1)!],
        dtype: 'float32',
      };
    },
    emit({ inputs, names, attributes }, to) {
      const a = attributes.transposeA ? swapped(names.a!, inputs.a!, to) : names.a!;
      const b = attributes.transposeB ? swapped(names.b!, inputs.b!, to) : names.b!;
      return to.add('MatMul', [a, b]);
    },
  }),
  rule<{ axis: number; batchDims: number }>({
    kernel: 'GatherV2',
    infer({ x, indices }, { axis, batchDims }) {
      if (batchDims) throw new ExportError(`gather with batchDims ${batchDims} cannot be exported; only 0 can.`);
      const at = axis < 0 ? x!.shape.length + axis : axis;
      return { shape: [...x!.shape.slice(0, at), ...indices!.shape, ...x!.shape.slice(at + 1)], dtype: x!.dtype };
    },
    emit: ({ names, attributes }, to) => to.add('Gather', [names.x!, names.indices!], { axis: attributes.axis }),
  }),
];
