/** linear by our SIMD kernels on wasm: a product reads its operands transposed or not at the same cost, and begins with the bias. */
import { reshape, type Tensor } from '@tensorflow/tfjs-core';
import { after, scope } from '../engine.ts';
import { layers } from '../simd/layers.ts';
import { float, onHeap } from '../simd/run.ts';
import { type Names, unflatten, withTrace } from './shared.ts';

/** x·W + b, [..., in] → [rows, out] */
export function affine(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const [inner, outer] = weight.shape as [number, number];
  const rows = x.size / inner;
  const inputs = bias ? [x, weight, bias] : [x, weight];
  return onHeap(layers, inputs, [float(rows, outer)], ({ kernels, scratch }, [X, W, B], [Y]) => {
    const [row, turn] = [4 * inner, 4 * outer];
    kernels.gemm(rows, outer, inner, X!, row, 4, W!, turn, 4, Y!, turn, 1, B ?? 0, 0, scratch);
  })[0]!;
}

/** Σ over rows of dy [..., out] → [out] */
function columnSums(dy: Tensor, width: number): Tensor {
  return onHeap(layers, [dy], [float(width)], ({ kernels }, [D], [to]) =>
    kernels.columnSums(D!, dy.size / width, width, to!),
  )[0]!;
}

/** The gradients for dy [..., out]. */
export function affineGradients(x: Tensor, weight: Tensor, dy: Tensor, want: (name: Names) => boolean) {
  const [inner, outer] = weight.shape as [number, number];
  const rows = x.size / inner;
  const [row, turn] = [4 * inner, 4 * outer];
  const result: Partial<Record<Names, Tensor>> = {};
  if (want('bias')) result.bias = columnSums(dy, outer);
  if (want('weight')) {
    const [weights] = onHeap(layers, [x, dy], [float(inner, outer)], ({ kernels, scratch }, [X, D], [to]) =>
      kernels.gemm(inner, outer, rows, X!, 4, row, D!, turn, 4, to!, turn, 1, 0, 0, scratch),
    );
    result.weight = weights!;
  }
  if (want('x')) {
    const [flat] = onHeap(layers, [dy, weight], [float(rows, inner)], ({ kernels, scratch }, [D, W], [to]) =>
      kernels.gemm(rows, inner, outer, D!, turn, 4, W!, 4, turn, to!, row, 1, 0, 0, scratch),
    );
    result.x = after(reshape(flat!, x.shape), flat!);
  }
  return result;
}

export const simd = withTrace({
  apply: (x, weight, bias) => scope(() => unflatten(affine(x, weight, bias), x)),
  gradients: affineGradients,
});
